"""A server on loopback that stands in for another program.

    class Tool(StandIn):
        def __enter__(self):
            return self.serve(Handler)    # a subclass of Quiet

    with Tool() as tool:
        tool.url
"""
import http.server
import threading


class Quiet(http.server.BaseHTTPRequestHandler):
    """Requests are not told."""

    def log_message(self, *_):
        pass


class StandIn:
    server = None

    def serve(self, handler):
        """Begins to answer; itself."""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients are killed here
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server.server_address[1]
