"""The HTTP server: werkzeug's, with connections that stay open as AWS's do.

werkzeug closes each connection after its answer and listens for ten milliseconds more, in a thread of its own; with
ten thousand small objects that is most of the time.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import LimitedStream

HOST = "127.0.0.1"
# So much of a body that the application left unread is read all the same: the client, which may still be sending, then
# hears the answer, and the next request can follow.
MOST_UNREAD = 64 << 20
CHUNK = 1 << 16
NO_BODY = (204, 304)
logger = logging.getLogger(__name__)


class Handler(MotoRequestHandler):
    """One connection: its requests, one after the other. Requests are kept by RequestsLog, not in a log of this."""

    protocol_version = "HTTP/1.1"
    # Status line, headers and a short body leave in one packet, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answers one request."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if "wsgi.input_terminated" in environ:
            # Where a chunked body that nobody read would end is not known.
            self.close_connection = True
        else:
            self._body = LimitedStream(self.rfile, int(self.headers.get("Content-Length") or 0))
            environ["wsgi.input"] = self._body
        answer = Answer(self)
        try:
            self._answer(environ, answer)
        except (ConnectionError, TimeoutError, ClientDisconnected):
            # The client went away, or a fault that a test asked for.
            self.close_connection = True
        except Exception:
            logger.exception("%s %s failed", self.command, self.path.partition("?")[0])
            self.close_connection = True
            if not answer.begun:
                self.send_error(500)

    @property
    def ends(self) -> bool:
        """Whether the connection ends with this answer."""
        unread = 0 if self.close_connection else self._body.limit - self._body.tell()
        self.close_connection = self.close_connection or unread > MOST_UNREAD
        return self.close_connection

    def _answer(self, environ: dict[str, Any], answer: Answer) -> None:
        body = self.server.app(environ, answer.start)
        try:
            for part in body:
                answer.write(part)
            answer.end()
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        self.wfile.flush()
        if not self.close_connection:
            while self._body.read(CHUNK):
                pass

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a line for each on stderr would only hide the errors."""

    def log_error(self, format: str, *args: Any) -> None:
        """Not an error here: a Docker client tries HTTPS first, which this server cannot read."""
        logger.debug(format, *args)


class Answer:
    """What a WSGI application says, on its way to the client."""

    def __init__(self, handler: Handler) -> None:
        self.begun = False
        self._handler = handler
        self._status = 200
        self._headers: Iterable[tuple[str, str]] = ()
        self._chunked = False
        self._left: int | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's start_response."""
        self._status, self._headers = int(status.split(" ", 1)[0]), headers
        return self.write

    def write(self, data: bytes) -> None:
        """A part of the body."""
        if not self.begun:
            self._begin()
        handler = self._handler
        if not data or handler.command == "HEAD" or self._status in NO_BODY:
            return
        if self._left is not None:
            self._left -= len(data)
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """The body is whole."""
        if not self.begun:
            self._begin()
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")
        elif self._left and self._handler.command != "HEAD":
            # Less than the application promised: only the end of the connection says so.
            self._handler.close_connection = True

    def _begin(self) -> None:
        self.begun = True
        handler = self._handler
        handler.send_response(self._status)
        for name, value in self._headers:
            handler.send_header(name, value)
            if name.lower() == "content-length":
                self._left = int(value)
        if self._left is None and handler.command != "HEAD" and self._status not in NO_BODY:
            if handler.request_version >= "HTTP/1.1":
                self._chunked = True
                handler.send_header("Transfer-Encoding", "chunked")
            else:
                handler.close_connection = True
        if handler.ends:
            handler.send_header("Connection", "close")
        handler.end_headers()


def listening(port: int) -> socket.socket:
    """A socket that listens on the loopback address; 0 is any free port."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, port))
    server.listen(128)
    return server


def serving(server_socket: socket.socket, application: Any) -> BaseWSGIServer:
    """A threaded WSGI server on a socket that listens already."""
    port = server_socket.getsockname()[1]
    return make_server(HOST, port, application, threaded=True, request_handler=Handler, fd=server_socket.detach())
