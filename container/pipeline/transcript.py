"""The transcript: the JSON document of schema version 1, and its plain text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pipeline import media
from pipeline.model import Provenance
from pipeline.transcribe import Speech

SCHEMA_VERSION = 1


def document(provenance: Provenance, task: str, speech: Speech, seconds: float) -> dict[str, Any]:
    """The transcript with where it comes from. Times in seconds; `seconds` is what all of it took."""
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
        "timings": _timings(speech.seconds, seconds),
    }


def _timings(worked: dict[str, float], total: float) -> dict[str, float]:
    """What each stage worked; `inference` is the model's. They overlap, so their sum may be more than `total`."""
    stages = {name: worked.get(name, 0.0) for name in ("decode", "features", "speech", "inference")}
    return {name: round(seconds, 3) for name, seconds in {**stages, "total": total}.items()}


def encode(transcript: dict[str, Any], media_type: str) -> str:
    """`application/json`: the whole document. `text/plain`: one segment a line."""
    if media_type == media.JSON:
        return json.dumps(transcript, ensure_ascii=False, separators=(",", ":"))
    return "".join(f"{segment['text']}\n" for segment in transcript["segments"])
