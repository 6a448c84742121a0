// Handlers use arguments and acknowledgements of the core, so one import provides both.
@_exported public import SocketIOCore
@_exported public import struct WebSocketCore.PerMessageDeflateOptions
@_exported public import struct EngineIOCore.EngineRequestError
@_exported public import struct EngineIOCore.HTTPCompressionOptions
