// Who reads events meets their arguments, which live in the core: one import brings both.
@_exported public import SocketIOCore
@_exported public import struct WebSocketCore.PerMessageDeflateOptions
