"""A proxy that understands Kafka's frames, so that a test can lose exactly one request or answer.

A Proxy listens on loopback in front of the brokers. Clients get `proxy.brokers` for bootstrap; in
what the brokers say of themselves (answers to Metadata and FindCoordinator) their addresses are
replaced by listeners of the proxy, one a broker, so all traffic passes through it. Plain text only.
What a test does itself (readers, writers, accounts) should go past the proxy.

    with Proxy(stage.brokers) as proxy:
        daemon = stage.start({"kafka": {"brokers": proxy.brokers}})
        lost = proxy.swallow("Produce", topic="tasks")
        ...
        lost.wait()                                 # it has happened: a fact, not a time
        proxy.count("EndTxn", committed=False)

Rules, each for the next `times` requests that match (None: until end()). The first live rule that
matches a request decides on it:

    swallow(api)          forwarded; the answer is thrown away, the connection stays
    cut(api, shut=False)  forwarded; when the answer is there, the connection is closed instead.
                          shut: all connections, and none is accepted until open(): an outage that
                          begins just before the answer
    lose(api)             never forwarded, never answered
    refuse(api, error, once=None)
                          never forwarded, answered with Kafka's error code (Produce only); once:
                          not before that other rule has had a hit
    hold(api)             the answer waits until end()
    delay(api, seconds)   the answer comes later; others of the connection may overtake it

What a rule may look at: topic, transactional_id, client (that of the header), committed (of
EndTxn), has (bytes somewhere in the request, e.g. a record's key), after (a rule that has taken a
request before), when=f(Request). A hit is counted when the effect is certain: of swallow, cut, hold
and delay once the broker has answered, i.e. has done what was asked; of lose and refuse at once.

To read requests without knowing all versions, the proxy holds them down: in the answer to
ApiVersions the newest version of the APIs in NEWEST is lowered to one that is understood here, and
what is in HIDDEN is left out; clients speak those versions then. All others pass as they are. A
request that cannot be read (a newer version of an API that is not held down) matches by its API and
client only.

All runs on one thread with asyncio; the methods may be called from any. Frames are bounded,
back-pressure is passed on, and Fetch requests are not remembered (they would be nearly all).
"""
import asyncio
import collections
import struct
import threading

from broker import PATIENCE, Failure, check

FRAME_MOST = 256 << 20
REMEMBERED = 100000  # requests; the counts are of these

APIS = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit",
        9: "OffsetFetch", 10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat", 13: "LeaveGroup",
        14: "SyncGroup", 18: "ApiVersions", 22: "InitProducerId", 24: "AddPartitionsToTxn",
        25: "AddOffsetsToTxn", 26: "EndTxn", 28: "TxnOffsetCommit"}
# Later ones are compact, name topics by id, or speak of brokers in fields that are not read here.
NEWEST = {"Produce": 7, "Fetch": 12, "Metadata": 8, "FindCoordinator": 2, "AddPartitionsToTxn": 3}
# From this version on: compact lengths and tagged fields.
FLEXIBLE = {"ApiVersions": 3, "InitProducerId": 2, "AddPartitionsToTxn": 3, "AddOffsetsToTxn": 3,
            "EndTxn": 3, "TxnOffsetCommit": 3}
HIDDEN = {60}  # DescribeCluster: tells brokers in a shape of its own, and nobody needs it


class Fields:
    """Reads Kafka's primitive types one after the other."""

    def __init__(self, data, flexible=False):
        self.data, self.at, self.flexible = data, 0, flexible

    def number(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def length(self, form):
        return self.varint() - 1 if self.flexible else self.number(form)

    def text(self):
        size = self.length("h")
        if size < 0:
            return None
        self.skip(size)
        return self.data[self.at - size:self.at].decode()

    def skip(self, size):
        left = len(self.data) - self.at
        check(0 <= size <= left, "a field of %d bytes where %d are left", size, left)
        self.at += size

    def tags(self):
        for _ in range(self.varint() if self.flexible else 0):
            self.varint()
            self.skip(self.varint())

    def rest(self):
        return self.data[self.at:]


def _text(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


class Request:
    """What a test may know of a request; topics: {name: [partitions]} where they are read.
    Its bytes are there while rules look at it, and are not kept."""

    def __init__(self, frame):
        self.bytes, self.place = frame, 0  # place: its number among those seen
        number, self.version, self.correlation = struct.unpack_from(">hhi", frame)
        self.api = APIS.get(number, "Api%d" % number)
        fields = Fields(frame)
        fields.skip(8)
        self.client = fields.text()
        self.transactional_id, self.topics, self.committed = None, {}, None
        fields.flexible = self.version >= FLEXIBLE.get(self.api, 1 << 15)
        try:
            fields.tags()
            self._read_body(fields)
        except (struct.error, UnicodeDecodeError, Failure):
            pass  # of a shape that is not known here: its API and client are

    def _read_body(self, fields):
        if self.api == "Produce" and self.version >= 3:
            self.transactional_id = fields.text()
            fields.skip(6)  # acks, timeout
            self._read_topics(fields, lambda: fields.skip(max(0, fields.length("i"))))
        elif self.api == "AddPartitionsToTxn":
            self.transactional_id = fields.text()
            fields.skip(10)  # producer id and epoch
            self._read_topics(fields, lambda: None)
        elif self.api in ("InitProducerId", "AddOffsetsToTxn", "TxnOffsetCommit"):
            self.transactional_id = fields.text()
        elif self.api == "EndTxn":
            self.transactional_id = fields.text()
            fields.skip(10)
            self.committed = fields.number("b") != 0

    def _read_topics(self, fields, skip_content):
        for _ in range(fields.length("i")):
            partitions = self.topics.setdefault(fields.text(), [])
            for _ in range(fields.length("i")):
                partitions.append(fields.number("i"))
                skip_content()
            fields.tags()

    def matches(self, api, topic=None, transactional_id=None, client=None, committed=None, has=None,
                after=None, when=None):
        return (self.api == api and (topic is None or topic in self.topics)
                and (transactional_id is None or transactional_id == self.transactional_id)
                and (client is None or client == self.client)
                and (committed is None or committed == self.committed)
                and (has is None or has in self.bytes) and (after is None or after.taken > 0)
                and (when is None or when(self)))

    def __repr__(self):
        out = "%s v%d of %s" % (self.api, self.version, self.transactional_id or self.client)
        out += " %s" % self.topics if self.topics else ""
        return out + {True: " commit", False: " abort", None: ""}[self.committed]


def _refusal(request, error):
    """The answer to a Produce request, versions 3 to 7, that says `error` of every partition."""
    check(request.api == "Produce", "only Produce can be refused, not %s", request)
    out = struct.pack(">ii", request.correlation, len(request.topics))
    for topic, partitions in request.topics.items():
        out += _text(topic) + struct.pack(">i", len(partitions))
        for partition in partitions:  # its base offset and log append time are unknown
            out += struct.pack(">ihqq", partition, error, -1, -1)
            out += struct.pack(">q", -1) if request.version >= 5 else b""  # log start offset
    return out + struct.pack(">i", 0)  # not throttled


class Rule:
    """One order to the proxy; hits: the requests it was carried out on."""

    def __init__(self, proxy, action, api, times, match, error=0, seconds=0.0, shut=False,
                 once=None):
        check(api in APIS.values(), "no API is called %s here", api)
        self.proxy, self.action, self.api, self.times, self.match = proxy, action, api, times, match
        self.error, self.seconds, self.shut, self.once = error, seconds, shut, once
        self.taken, self.hits, self.ended = 0, [], False
        self.struck, self.released = asyncio.Event(), asyncio.Event()

    def takes(self, request):
        if self.ended or self.taken == self.times or not request.matches(self.api, **self.match):
            return False
        self.taken += 1
        return True

    def hit(self, request):
        self.struck.set()
        with self.proxy.changed:
            self.hits.append(request)
            self.proxy.changed.notify_all()

    def wait(self, hits=1, seconds=PATIENCE):
        """Waits until it was carried out so often; the last request."""
        self.proxy.wait(lambda: "%d hits of %s; there are %s" % (hits, self, self.hits),
                        lambda: len(self.hits) >= hits, seconds)
        return self.hits[hits - 1]

    def end(self):
        """Takes no more; answers that it holds go out. What it swallowed stays away."""
        self.ended = True
        self.proxy.call(self.released.set)

    def __repr__(self):
        return "%s %s %s" % (self.action, self.api, self.match)


class _Connection:
    def __init__(self, client, server):
        self.client, self.server, self.pending = client, server, {}

    def close(self):
        for writer in (self.client, self.server):
            if writer.transport is not None:
                writer.transport.abort()


class Proxy:
    def __init__(self, upstream):
        self.upstream = [self._address(one) for one in upstream.split(",")]
        self.changed = threading.Condition()  # of hits, and of what was seen
        self.rules, self.seen, self.passed = [], collections.deque(maxlen=REMEMBERED), 0
        self.trouble = None  # what the proxy itself stumbled over
        self._listeners, self._connections, self._tasks, self._shut = {}, set(), set(), False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._thread.start()
        self._started.wait()
        listening = [self._in_loop(self._listen(address)) for address in self.upstream]
        self.brokers = ",".join("127.0.0.1:%d" % port for port in listening)

    @staticmethod
    def _address(text):
        host, port = text.rsplit(":", 1)
        return host, int(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- what a test says and asks ----

    def swallow(self, api, times=1, **match):
        return self._add(Rule(self, "swallow", api, times, match))

    def cut(self, api, times=1, shut=False, **match):
        return self._add(Rule(self, "cut", api, times, match, shut=shut))

    def lose(self, api, times=1, **match):
        return self._add(Rule(self, "lose", api, times, match))

    def refuse(self, api, error, times=1, once=None, **match):
        return self._add(Rule(self, "refuse", api, times, match, error=error, once=once))

    def hold(self, api, times=1, **match):
        return self._add(Rule(self, "hold", api, times, match))

    def delay(self, api, seconds, times=1, **match):
        return self._add(Rule(self, "delay", api, times, match, seconds=seconds))

    def shut(self):
        """An outage: closes all connections and accepts none until open()."""
        self._in_loop(self._shut_down())

    def open(self):
        self._shut = False

    def find(self, api, since=0, **match):
        """The requests that match, of those seen since a mark()."""
        with self.changed:
            return [r for r in self.seen if r.place >= since and r.matches(api, **match)]

    def count(self, api, since=0, **match):
        return len(self.find(api, since, **match))

    def answered(self, api):
        """Whether every such request that was seen has its answer."""
        return not any(request.api == api for one in list(self._connections) for request, _ in list(one.pending.values()))

    def mark(self):
        """For `since`: what is seen from now on."""
        return self.passed

    def wait(self, what, predicate, seconds=PATIENCE):
        """Waits until predicate() is true; it is asked whenever a request or a hit has come."""
        with self.changed:
            done = self.changed.wait_for(predicate, seconds)
        if not done:
            raise Failure("not in %g s: %s" % (seconds, what() if callable(what) else what))

    def wait_for(self, api, since=0, seconds=PATIENCE, **match):
        """Waits for such a request; the first."""
        self.wait(lambda: "%s %s" % (api, match), lambda: self.count(api, since, **match), seconds)
        return self.find(api, since, **match)[0]

    def close(self):
        """Ends all; fails with what went wrong in the proxy itself: not a fault of the daemon."""
        if self._loop.is_closed():
            return
        self._in_loop(self._end())
        self.call(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        check(self.trouble is None, "the proxy: %r", self.trouble)

    # ---- its thread ----

    def call(self, function):
        self._loop.call_soon_threadsafe(function)

    def _in_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._started.set)
        self._loop.run_forever()

    def _add(self, rule):
        with self.changed:
            self.rules.append(rule)
        return rule

    async def _listen(self, address):
        """The port that stands for a broker; a listener is made for one that is new."""
        if address not in self._listeners:
            self._listeners[address] = None  # two answers at once name the same broker
            self._listeners[address] = await asyncio.start_server(
                lambda r, w: self._accept(address, r, w), "127.0.0.1", 0)
        while self._listeners[address] is None:
            await asyncio.sleep(0)
        return self._listeners[address].sockets[0].getsockname()[1]

    async def _shut_down(self):
        self._shut = True
        for connection in list(self._connections):
            connection.close()

    async def _end(self):
        await self._shut_down()
        for server in self._listeners.values():
            server.close()
        tasks = [t for t in self._tasks if not t.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, coroutine):
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- one connection ----

    async def _accept(self, address, reader, writer):
        self._tasks.add(asyncio.current_task())
        asyncio.current_task().add_done_callback(self._tasks.discard)
        if self._shut:
            writer.transport.abort()
            return
        try:
            from_server, to_server = await asyncio.open_connection(*address)
        except OSError:  # no broker there: the client is told by the closed connection
            writer.transport.abort()
            return
        connection = _Connection(writer, to_server)
        self._connections.add(connection)
        if self._shut:
            connection.close()
        try:
            await asyncio.gather(self._requests(connection, reader),
                                 self._answers(connection, from_server))
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side has closed it
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 (told by close)
            self.trouble = self.trouble or error
        finally:
            connection.close()
            self._connections.discard(connection)

    @staticmethod
    async def _frame(reader):
        size, = struct.unpack(">i", await reader.readexactly(4))
        check(8 <= size + 4 <= FRAME_MOST, "a frame of %d bytes", size)
        return await reader.readexactly(size)

    @staticmethod
    async def _send(writer, frame):
        writer.write(struct.pack(">i", len(frame)) + frame)
        await writer.drain()

    async def _requests(self, connection, reader):
        while True:
            frame = await self._frame(reader)
            request = Request(frame)
            rule = self._decide(request)
            action = rule.action if rule else None
            if action == "lose":
                rule.hit(request)
            elif action == "refuse":
                self._spawn(self._refuse(connection, rule, request))
            else:
                connection.pending[request.correlation] = request, rule
                await self._send(connection.server, frame)

    async def _refuse(self, connection, rule, request):
        if rule.once is not None:
            await rule.once.struck.wait()
        try:
            await self._send(connection.client, _refusal(request, rule.error))
        except OSError:
            return  # the client did not wait for it
        rule.hit(request)

    def _decide(self, request):
        with self.changed:
            rule = next((rule for rule in self.rules if rule.takes(request)), None)
            request.bytes, request.place = b"", self.passed
            self.passed += 1
            if request.api != "Fetch":
                self.seen.append(request)
                self.changed.notify_all()
        return rule

    async def _answers(self, connection, reader):
        while True:
            frame = await self._frame(reader)
            request, rule = connection.pending.pop(struct.unpack_from(">i", frame)[0])
            frame = await self._rewritten(request, frame)
            if rule is None:
                await self._send(connection.client, frame)
            elif rule.action in ("hold", "delay"):
                self._spawn(self._later(connection, rule, frame))
            elif rule.action == "cut":
                connection.close()
                if rule.shut:
                    await self._shut_down()
            if rule is not None:
                rule.hit(request)

    async def _later(self, connection, rule, frame):
        try:
            if rule.action == "hold":
                await rule.released.wait()
            else:
                await asyncio.sleep(rule.seconds)
            await self._send(connection.client, frame)
        except OSError:
            pass  # the client did not wait for it

    # ---- answers that speak of brokers or versions ----

    async def _rewritten(self, request, frame):
        if request.api == "Metadata":
            return await self._metadata(request, frame)
        if request.api == "FindCoordinator":
            return await self._coordinator(request, frame)
        return self._versions(request, frame) if request.api == "ApiVersions" else frame

    async def _broker(self, fields):
        """Reads a host and port; the bytes of ours in their place."""
        host, port = fields.text(), fields.number("i")
        if not host:  # there is no such broker
            return _text(host) + struct.pack(">i", port)
        return _text("127.0.0.1") + struct.pack(">i", await self._listen((host, port)))

    async def _metadata(self, request, frame):
        fields = Fields(frame)
        fields.skip(4 + (4 if request.version >= 3 else 0))  # correlation, throttle time
        count = fields.number("i")
        out = frame[:fields.at]
        for _ in range(count):
            out += struct.pack(">i", fields.number("i")) + await self._broker(fields)
            start = fields.at
            if request.version >= 1:
                fields.text()  # rack
            out += frame[start:fields.at]
        return out + fields.rest()

    async def _coordinator(self, request, frame):
        fields = Fields(frame)
        fields.skip(4 + (4 if request.version >= 1 else 0) + 2)  # correlation, throttle time, error
        if request.version >= 1:
            fields.text()  # error in words
        fields.skip(4)  # node
        head = frame[:fields.at]
        return head + await self._broker(fields) + fields.rest()

    @staticmethod
    def _versions(request, frame):
        """The header of this answer has no tags in any version."""
        fields = Fields(frame, request.version >= 3)
        fields.skip(4)
        if fields.number("h") != 0:  # asked for a version that the broker does not know: it says so
            return frame             # in the shape of version 0
        head, rows = frame[:fields.at], []
        for _ in range(fields.length("i")):
            api, least, most = fields.number("h"), fields.number("h"), fields.number("h")
            start = fields.at
            fields.tags()
            most = min(most, NEWEST.get(APIS.get(api), most))
            if api not in HIDDEN:
                rows.append(struct.pack(">hhh", api, least, most) + frame[start:fields.at])
        head += _varint(len(rows) + 1) if fields.flexible else struct.pack(">i", len(rows))
        return head + b"".join(rows) + fields.rest()


def _varint(value):
    out = b""
    while value > 127:
        out += bytes((value & 127 | 128,))
        value >>= 7
    return out + bytes((value,))
