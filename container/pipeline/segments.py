"""Words to segments: what a reader takes in at once, with the times of the recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline import quality
from pipeline.decoding import Decoded
from pipeline.windows import Window
from pipeline.words import Word

SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "…")
# Seconds: a pause after which a new segment begins, and a length at which one does at the next comma, or at any word.
PAUSE = 1.0
LONG = 10.0
LONGEST = 20.0
# Letters before a full stop that is none: Mr. and Dr. do not end a sentence.
LONGEST_TITLE = 2


def segments(window: Window, decoded: Decoded, words: Iterable[Word], with_words: bool) -> Iterator[dict[str, Any]]:
    """The segments of one window, in order, as the transcript has them."""
    timed = [_timed(window, word) for word in words if word.text.strip()]
    group: list[dict[str, Any]] = []
    for word in timed:
        if group and _ends(group, word):
            yield _segment(group, decoded, with_words)
            group = []
        group.append(word)
    if group:
        yield _segment(group, decoded, with_words)


def _timed(window: Window, word: Word) -> dict[str, Any]:
    start, end = window.seconds(word.start), window.seconds(word.end, end=True)
    return {"start": start, "end": max(end, start + 0.01), "word": word.text, "probability": word.probability}


def _ends(group: list[dict[str, Any]], following: dict[str, Any]) -> bool:
    """Whether the next word begins a segment of its own."""
    last = group[-1]["word"].rstrip("\"'”’)]} ")
    length = following["end"] - group[0]["start"]
    abbreviated = last.endswith(".") and len(last.strip(" .")) <= LONGEST_TITLE
    return (
        (last.endswith(SENTENCE_ENDS) and not abbreviated)
        or following["start"] - group[-1]["end"] >= PAUSE
        or (length > LONG and last.endswith((",", "，", "、", ";", ":")))
        or length > LONGEST
    )


def _segment(group: list[dict[str, Any]], decoded: Decoded, with_words: bool) -> dict[str, Any]:
    text = "".join(word["word"] for word in group).strip()
    out: dict[str, Any] = {
        "start": round(group[0]["start"], 3),
        "end": round(group[-1]["end"], 3),
        "text": text,
        "avg_logprob": round(decoded.avg_logprob, 4),
        "no_speech_prob": round(decoded.no_speech_prob, 4),
        "compression_ratio": round(quality.compression_ratio(text), 4),
        "temperature": decoded.temperature,
    }
    if with_words:
        out["words"] = [
            {
                "start": round(word["start"], 3),
                "end": round(word["end"], 3),
                "word": word["word"].strip(),
                "probability": round(word["probability"], 4),
            }
            for word in group
        ]
    return out
