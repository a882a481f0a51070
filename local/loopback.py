"""What the small test servers share: HTTP on the loopback address, a free port, an end at SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHUTDOWN_POLL_SECONDS = 0.05  # an end at SIGTERM takes up to this long; the default is half a second


class LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True
    # Many connections at once are what these servers are for.
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; other errors go to stderr as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def serve_until_stopped(servers: Sequence[LoopbackServer], ready: str) -> None:
    """Prints `ready` once connections are accepted; returns at SIGTERM or SIGINT."""
    stopped = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopped.set())
    threads = [
        threading.Thread(target=server.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), daemon=True) for server in servers
    ]
    for thread in threads:
        thread.start()
    print(ready, flush=True)
    stopped.wait()
    for server in servers:
        server.shutdown()
        server.server_close()
