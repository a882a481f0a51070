"""The runner's token for the artifact service: a JWT whose scope names the run and the job."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass

LIFETIME = 6 * 3600
"""Seconds, as long as a job on GitHub's runners can last."""


@dataclass(frozen=True)
class RunToken:
    value: str
    run: str
    job: str


def issue() -> RunToken:
    run, job = secrets.token_hex(8), secrets.token_hex(8)
    now = int(time.time())
    claims = {"scp": f"Actions.ExampleScope Actions.Results:{run}:{job}", "iat": now, "exp": now + LIFETIME}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.new(secrets.token_bytes(32), signed.encode(), hashlib.sha256).digest()
    return RunToken(f"{signed}.{_base64(signature)}", run, job)


def _part(value: object) -> str:
    return _base64(json.dumps(value).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
