// Events carry arguments of the core, so one import provides both.
@_exported public import SocketIOCore
@_exported public import struct WebSocketCore.PerMessageDeflateOptions
