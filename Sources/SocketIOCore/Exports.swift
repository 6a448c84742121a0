// Packets carry JSON, so one import provides both.
@_exported public import JSONCore
