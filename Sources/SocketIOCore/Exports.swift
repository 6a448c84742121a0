// Packets carry JSON: one import brings both.
@_exported public import JSONCore
