"""The log: one JSON object a line on standard output, which SageMaker carries to CloudWatch Logs.

A request's line never holds its text, prompt, hotwords or file name.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import Any

_LOGGER = logging.getLogger("whisper")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower()}
        line |= getattr(record, "fields", None) or {
            "event": "message",
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line |= {"error": type(error).__name__, "reason": str(error)[:500]}
            line["frames"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        return json.dumps(line, ensure_ascii=False)


def configure() -> None:
    """Sends every logger of this process, libraries' warnings included, through the JSON format."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _LOGGER.setLevel(logging.INFO)


def info(event: str, **fields: Any) -> None:
    _LOGGER.info(event, extra={"fields": {"event": event, **fields}})


def error(event: str, exception: BaseException | None = None, **fields: Any) -> None:
    """`exception` adds its type, message and the places it came through."""
    _LOGGER.error(event, exc_info=exception, extra={"fields": {"event": event, **fields}})
