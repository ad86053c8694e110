"""The network between daemons and brokers: the frame-aware proxy of the system tests, with a latency in both directions and brokers that
cannot be reached. Who accounts and who feeds goes past it."""
import weakref

from kafka_proxy import Proxy


class Network(Proxy):
    def __init__(self, brokers):
        self.latency = 0.0  # seconds, each way
        self._walled = set()  # addresses of brokers that no client reaches
        self._due = weakref.WeakKeyDictionary()  # writer: when its last frame goes out
        super().__init__(brokers)

    async def _send(self, writer, frame):
        """Frames of one direction keep their order, whatever the latency was when they came."""
        now = self._loop.time()
        due = max(now + self.latency, self._due.get(writer, 0.0))
        if due <= now:
            await Proxy._send(writer, frame)
            return
        self._due[writer] = due + 1e-6
        self._loop.call_at(due, self._send_late, writer, frame)

    @staticmethod
    def _send_late(writer, frame):
        if not writer.is_closing():
            writer.write(len(frame).to_bytes(4, "big") + frame)

    async def _accept(self, address, reader, writer):
        if address in self._walled:
            writer.transport.abort()
            return
        await super()._accept(address, reader, writer)

    def wall(self, broker):
        """From now on no client reaches this broker (0, 1, ...), and its connections are cut."""
        address = self.upstream[broker]
        self._walled.add(address)
        self.call(lambda: self._cut(address))

    def _cut(self, address):
        for connection in list(self._connections):
            if connection.server.get_extra_info("peername") == address:
                connection.close()

    def unwall(self):
        """Every broker can be reached again."""
        self._walled.clear()

    def cut_all(self):
        """Closes every connection once; the next is accepted."""
        self.call(lambda: [connection.close() for connection in list(self._connections)])
