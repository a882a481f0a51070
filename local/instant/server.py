"""A server that speaks the container's contract and answers at once, without a model: for tests of states and races.

Its answers derive from the request, so a test can tell whose answer it reads. Behaviours:
- INSTANT_MODE (Model.Environment): ok | crash-at-start | never-healthy | slow:SECONDS | fail:STATUS (for every request)
- a body that starts with `sleep:SECONDS` or `fail:STATUS` (one line): for that request
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BYTES_PER_SECOND = 16_000
"""Turns a body's size into a duration: about a 128 kbit/s recording."""
OPTIONS: dict[str, type | tuple[type, ...]] = {
    "language": str,
    "task": str,
    "prompt": str,
    "hotwords": str,
    "word_timestamps": bool,
    "vad": bool,
    "beam_size": int,
    "temperature": (int, float),
}
CODES = {400: "bad_audio", 406: "unsupported_accept", 415: "unsupported_content_type"}
stopping = threading.Event()


class Refused(Exception):
    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES.get(status, "internal" if status >= 500 else "bad_options")


def options_of(header: str | None) -> dict[str, Any]:
    """CustomAttributes: JSON, or base64url of raw-deflated JSON."""
    if not header:
        return {}
    try:
        if header.lstrip().startswith("{"):
            options = json.loads(header)
        else:
            packed = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
            options = json.loads(zlib.decompress(packed, wbits=-15))
    except (ValueError, zlib.error) as error:
        raise Refused(
            400, f"the custom attributes are neither JSON nor deflated JSON: {error}", "bad_options"
        ) from error
    for name, value in options.items():
        if name not in OPTIONS:
            raise Refused(400, f"option {name!r} is unknown", "bad_options")
        kind = OPTIONS[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Refused(400, f"option {name!r} has the wrong type: {value!r}", "bad_options")
    return options


def behave(behaviour: str) -> None:
    """`sleep:SECONDS`, `slow:SECONDS` or `fail:STATUS`; anything else does nothing."""
    word, _, value = behaviour.partition(":")
    if word in ("sleep", "slow"):
        stopping.wait(float(value))
    elif word == "fail":
        raise Refused(int(value), f"told to fail with {value}")


def transcript(body: bytes, options: dict[str, Any], started: float) -> dict[str, Any]:
    duration = round(len(body) / BYTES_PER_SECOND, 3)
    text = f"{len(body)} bytes {hashlib.sha256(body).hexdigest()[:12]}"
    segment: dict[str, Any] = {
        "start": 0.0,
        "end": duration,
        "text": text,
        "avg_logprob": -0.1,
        "no_speech_prob": 0.0,
        "compression_ratio": 1.0,
        "temperature": float(options.get("temperature", 0.0)),
    }
    if options.get("word_timestamps"):
        words = text.split()
        step = duration / len(words)
        segment["words"] = [
            {"start": round(n * step, 3), "end": round((n + 1) * step, 3), "word": word, "probability": 1.0}
            for n, word in enumerate(words)
        ]
    total = round(time.monotonic() - started, 3)
    return {
        "schema_version": 1,
        "model": os.environ.get("WHISPER_MODEL", ""),
        "model_revision": os.environ.get("WHISPER_MODEL_REVISION", ""),
        "transcriber": os.environ.get("WHISPER_TRANSCRIBER", ""),
        "image": os.environ.get("WHISPER_IMAGE", ""),
        "task": options.get("task", "transcribe"),
        "language": options.get("language", "en"),
        "language_probability": 1.0,
        "duration": duration,
        "speech_duration": duration,
        "segments": [segment],
        "timings": {"decode": 0.0, "inference": total, "total": total},
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = "ok"

    def do_GET(self) -> None:
        if self.path != "/ping":
            self._send(404, "application/json", b"{}")
        elif self.mode == "never-healthy":
            self._send(503, "application/json", b"{}")
        else:
            self._send(200, "application/json", b"{}")

    def do_POST(self) -> None:
        started = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path != "/invocations":
                raise Refused(404, f"there is no {self.path}")
            self._answer(body, started)
        except Refused as refused:
            error = {"error": {"code": refused.code, "message": str(refused)}}
            self._send(refused.status, "application/json", json.dumps(error).encode())

    def _answer(self, body: bytes, started: float) -> None:
        content_type = (self.headers.get("Content-Type") or "application/octet-stream").partition(";")[0].strip()
        if not re.fullmatch(r"audio/.+|video/mp4|application/octet-stream", content_type):
            raise Refused(415, f"Content-Type {content_type} is not audio")
        accept = self.headers.get("Accept") or "*/*"
        if accept not in ("*/*", "application/json", "text/plain"):
            raise Refused(406, f"Accept {accept} is neither application/json nor text/plain")
        options = options_of(self.headers.get("X-Amzn-SageMaker-Custom-Attributes"))
        if not body:
            raise Refused(400, "the request has no body", "empty_body")
        behave(self.mode)
        behave(body[:64].split(b"\n")[0].decode("latin-1").strip())
        result = transcript(body, options, started)
        if accept == "text/plain":
            lines = "".join(segment["text"] + "\n" for segment in result["segments"])
            self._send(200, "text/plain; charset=utf-8", lines.encode())
        else:
            self._send(200, "application/json", json.dumps(result).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        request = self.headers.get("X-Amzn-SageMaker-Inference-Id", "-") if hasattr(self, "headers") else "-"
        print(self.log_date_time_string(), request, format % args, flush=True)


def main() -> None:
    Handler.mode = os.environ.get("INSTANT_MODE", "ok")
    if Handler.mode == "crash-at-start":
        sys.exit("INSTANT_MODE is crash-at-start")
    host = os.environ.get("BIND_HOST", "0.0.0.0")  # noqa: S104 (SageMaker reaches a container from outside)
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True

    def stop(signum: int, frame: object) -> None:
        stopping.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"listening on {host}:{server.server_port}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
