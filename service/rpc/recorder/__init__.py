"""The process beside a server that rates and records: what it is asked, how it answers, and the server's side of it.

A server's event loop has its hands full with gRPC itself. Rating and recording are done by another process, over a pair
of connected sockets: requests go there and responses come back in frames (`frames.py`). A request for one event goes as
it came. Of a batch, whose messages cost more to read and write than the way between processes, the server makes plain
data (`batches.py`). `loop.py` is the recorder itself, `remote.py` the server's side of it.
"""
