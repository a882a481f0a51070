"""A server that speaks the container's contract and answers at once, without a model: for tests of states and races.

It reads requests with the container's own code (pipeline/ beside this file, or on PYTHONPATH), so it refuses what the
container refuses; only which languages there are is for a model to say. Its answers derive from the request, so a test
can tell whose answer it reads. Behaviours:
- INSTANT_MODE (Model.Environment): ok | crash-at-start | never-healthy | slow:SECONDS | fail:STATUS (for every request)
- the first line of a body, for that request: `sleep:SECONDS`, `fail:STATUS`, `lost` (the instance is taken away:
  neither output nor failure) or `twice[:SECONDS]` (delivered again at once, and answered again so many seconds later);
  ` xN` after it: only the first N times that this body comes
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline import media
from pipeline.errors import RequestError
from pipeline.options import Options, parse

BYTES_PER_SECOND = 16_000
"""Turns a body's size into a duration: about a 128 kbit/s recording."""
DELIVERY = "X-Local-Delivery"
"""A header of the answer that tells the local AWS what becomes of the request: `lost` or `again`."""
stopping = threading.Event()


class Deliveries:
    """How often each body came. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[bytes] = Counter()

    def count(self, body: bytes) -> int:
        """1 for the first time."""
        digest = hashlib.sha256(body).digest()
        with self._lock:
            self._seen[digest] += 1
            return self._seen[digest]


def behave(behaviour: str, count: int = 1) -> str | None:
    """Does what a mode or a body's first line says; the value of DELIVERY. Raises RequestError for `fail:STATUS`."""
    words, _, times = behaviour.partition(" x")
    if times.isdecimal() and count > int(times):
        return None
    word, _, value = words.partition(":")
    if word in ("sleep", "slow"):
        stopping.wait(float(value))
    elif word == "fail":
        status = int(value)
        raise RequestError(status, "internal" if status >= 500 else "bad_audio", f"told to fail with {status}")
    elif word == "lost":
        return "lost"
    elif word == "twice" and count == 1:
        return "again"
    elif word == "twice" and count == 2:
        stopping.wait(float(value or 0))
    return None


def transcript(body: bytes, options: Options, started: float) -> dict[str, Any]:
    """Of two speakers, one after the other, when the channels are to be split; else of one without a name."""
    duration = round(len(body) / BYTES_PER_SECOND, 3)
    text = f"{len(body)} bytes {hashlib.sha256(body).hexdigest()[:12]}"
    if options.channels == "split":
        half = round(duration / 2, 3)
        segments = [segment(0.0, half, text, options, "1"), segment(half, duration, text, options, "2")]
    else:
        segments = [segment(0.0, duration, text, options, None)]
    total = round(time.monotonic() - started, 3)
    return {
        "schema_version": 1,
        "model": os.environ.get("WHISPER_MODEL", ""),
        "model_revision": os.environ.get("WHISPER_MODEL_REVISION", ""),
        "transcriber": os.environ.get("WHISPER_TRANSCRIBER", ""),
        "image": os.environ.get("WHISPER_IMAGE", ""),
        "task": options.task,
        "language": options.language or "en",
        "language_probability": 1.0,
        "duration": duration,
        "speech_duration": duration,
        "segments": segments,
        "timings": {"decode": 0.0, "inference": total, "total": total},
    }


def segment(start: float, end: float, text: str, options: Options, speaker: str | None) -> dict[str, Any]:
    """Of the whole text; its words take the same time each."""
    out: dict[str, Any] = {
        "start": start,
        "end": end,
        "text": text,
        "avg_logprob": -0.1,
        "no_speech_prob": 0.0,
        "compression_ratio": 1.0,
        "temperature": options.temperature or 0.0,
    }
    if speaker is not None:
        out["speaker"] = speaker
    if options.word_timestamps:
        words = text.split()
        step = (end - start) / len(words)
        out["words"] = [
            {"start": round(start + n * step, 3), "end": round(start + (n + 1) * step, 3), "word": word}
            | {"probability": 1.0}
            for n, word in enumerate(words)
        ]
    return out


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Status line, headers and body leave in one write.
    wbufsize = -1
    mode = "ok"
    deliveries = Deliveries()

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
                raise RequestError(404, "not_found", f"there is no {self.path}")
            self._answer(body, started)
        except RequestError as refused:
            error = {"error": {"code": refused.code, "message": refused.message}}
            self._send(refused.status_code, "application/json", json.dumps(error).encode())

    def _answer(self, body: bytes, started: float) -> None:
        media.check_content_type(self.headers.get("Content-Type"))
        wanted = media.negotiate(self.headers.get("Accept"))
        options = parse(self.headers.get("X-Amzn-SageMaker-Custom-Attributes"))
        if not body:
            raise RequestError(400, "empty_body", "the request has no body")
        behave(self.mode)
        delivery = behave(body[:64].split(b"\n")[0].decode("latin-1").strip(), self.deliveries.count(body))
        result = transcript(body, options, started)
        more = {DELIVERY: delivery} if delivery else {}
        if wanted == media.TEXT:
            lines = "".join(segment["text"] + "\n" for segment in result["segments"])
            self._send(200, "text/plain; charset=utf-8", lines.encode(), more)
        else:
            self._send(200, "application/json", json.dumps(result).encode(), more)

    def _send(self, status: int, content_type: str, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
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
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    main()
