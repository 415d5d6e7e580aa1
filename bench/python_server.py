"""A server for the benchmarks: python_server.py echo|http asyncio|uvloop. Writes its port, and serves until it is killed.

By a protocol, without streams or parsing, which is the fastest that Python's asyncio does."""
import asyncio
import sys

kind, loop = sys.argv[1:]
ANSWER = (b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
          b"Content-Length: 13\r\n\r\nHello, world\n")


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Hello(Echo):
    def data_received(self, data):
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)


async def main():
    protocol = {"echo": Echo, "http": Hello}[kind]
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if loop == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main())
