"""The transcript: the JSON document of schema version 1, and its plain text."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from pipeline import media
from pipeline.model import Provenance
from pipeline.transcribe import Speech

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Timings:
    """Seconds spent."""

    decode: float
    inference: float

    @property
    def total(self) -> float:
        return self.decode + self.inference


def document(provenance: Provenance, task: str, speech: Speech, timings: Timings) -> dict[str, Any]:
    """The transcript with where it comes from. Times in seconds."""
    return {
        "schema_version": SCHEMA_VERSION,
        **asdict(provenance),
        "task": task,
        "language": speech.language,
        "language_probability": round(speech.language_probability, 4),
        "duration": round(speech.duration, 3),
        "speech_duration": round(speech.speech_duration, 3),
        "speech_without_text": round(speech.speech_without_text, 3),
        "windows": speech.windows,
        "retries": speech.retries,
        "segments": speech.segments,
        "timings": {
            "decode": round(timings.decode, 3),
            "inference": round(timings.inference, 3),
            "total": round(timings.total, 3),
        },
    }


def encode(transcript: dict[str, Any], media_type: str) -> str:
    """`application/json`: the whole document. `text/plain`: one segment a line."""
    if media_type == media.JSON:
        return json.dumps(transcript, ensure_ascii=False, separators=(",", ":"))
    return "".join(f"{segment['text']}\n" for segment in transcript["segments"])
