"""Media types: which bodies are taken and which answers can be given."""

from __future__ import annotations

from pipeline.errors import RequestError

JSON = "application/json"
TEXT = "text/plain"


def check_content_type(content_type: str | None) -> None:
    """Raises RequestError 415 for a type that can't be audio. Decoding looks at the bytes, never at this name."""
    name = (content_type or "").split(";")[0].strip().lower()
    if not (name.startswith("audio/") or name in ("video/mp4", "application/octet-stream")):
        found = repr(name[:60]) if name else "none"
        raise RequestError(
            415,
            "unsupported_content_type",
            f"Content-Type must be audio/*, video/mp4 or application/octet-stream, found {found}",
        )


def negotiate(accept: str | None) -> str:
    """The answer's type, `application/json` or `text/plain`, for an Accept header (RFC 9110, 12.5.1).

    Missing, blank and */* mean JSON. Raises RequestError 406 when neither type is accepted.
    """
    ranges = [_weighted(part) for part in (accept or "*/*").split(",") if part.strip()] or [("*/*", 1.0)]
    for name, weight in sorted(ranges, key=lambda item: -item[1]):
        if weight == 0:
            continue
        if name in (JSON, "application/*", "*/*"):
            return JSON
        if name in (TEXT, "text/*"):
            return TEXT
    raise RequestError(406, "unsupported_accept", f"Accept must allow {JSON} or {TEXT}, found {(accept or '')[:60]!r}")


def _weighted(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    weight = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                weight = 0.0
    return name, weight
