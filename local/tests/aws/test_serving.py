"""Connections that stay open, and when they do not."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from local.aws.serving import MOST_UNREAD, listening, serving


def application(environ: dict[str, Any], start_response: Any) -> Any:
    request = Request(environ)
    if request.path == "/fail":
        raise ValueError("a bug")
    if request.path == "/unread":
        return Response("unread")(environ, start_response)
    if request.path == "/parts":
        return Response(iter([b"one", b"", b"two"]))(environ, start_response)
    if request.path == "/short":
        return Response(iter([b"one"]), headers={"Content-Length": "10"})(environ, start_response)
    return Response(request.get_data())(environ, start_response)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = serving(listening(0), application)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.port
    server.shutdown()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **more: Any
) -> tuple[int, bytes]:
    connection.request(method, path, body=body, **more)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_requests_of_all_kinds_follow_each_other_on_one_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    used = connection.sock
    for _ in range(2):
        assert ask(connection, "PUT", "/echo", b"body") == (200, b"body")
        assert ask(connection, "HEAD", "/parts") == (200, b"")
        assert ask(connection, "GET", "/parts") == (200, b"onetwo")
        assert ask(connection, "PUT", "/unread", bytes(100_000)) == (200, b"unread")
    expecting = {"Expect": "100-continue"}
    assert ask(connection, "PUT", "/echo", b"expected", headers=expecting) == (200, b"expected")
    assert connection.sock is used
    connection.close()


@pytest.mark.parametrize(
    ("path", "body", "chunked", "status"), [("/fail", b"", False, 500), ("/echo", iter([b"in ", b"parts"]), True, 200)]
)
def test_a_connection_ends_where_the_next_request_could_not_be_found(
    port: int, path: str, body: Any, chunked: bool, status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("PUT", path, body=body, encode_chunked=chunked)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (status, "close")


def test_a_huge_body_that_nobody_wants_is_not_waited_for(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("PUT", "/unread")
    connection.putheader("Content-Length", str(MOST_UNREAD + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection"), answer.read()) == (200, "close", b"unread")


def test_an_answer_that_is_shorter_than_it_said_is_no_answer(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with pytest.raises(http.client.IncompleteRead):
        ask(connection, "GET", "/short")
