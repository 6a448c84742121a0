// `import SocketIOHummingbird` is all that a server needs beside Hummingbird itself.
@_exported public import SocketIOServer
