"""The gate: which windows' texts can't be right. All of it pure, all limits in one place."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

# Whisper's own limits (https://arxiv.org/abs/2212.04356, section 4.5).
MOST_COMPRESSION = 2.4
LEAST_LOGPROB = -1.0
NO_SPEECH = 0.6
# Seconds: what the detector took for speech and is shorter is as likely a knock, or a moment of loud noise.
SOUND = 0.5
# The same words as often in a row are a loop, unless they are said so; decoding again tells.
MOST_REPEATS = 3
LONGEST_REPEAT = 12
# Nobody says more characters a second; text that is denser was not heard.
MOST_CHARACTERS = 40


def compression_ratio(text: str) -> float:
    """Bytes of UTF-8 to bytes of zlib: what repeats itself is over 2."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def fault(text: str, avg_logprob: float, seconds: float) -> str | None:
    """Why a window's text must be decoded again; None when it may stay. `seconds` of speech."""
    if not text:
        return None  # Whether there should be one is for the words to say: what speech they leave uncovered.
    if compression_ratio(text) > MOST_COMPRESSION or loop(words(text)) is not None:
        return "repeats itself"
    if avg_logprob < LEAST_LOGPROB:
        return "unsure"
    if len(text) > MOST_CHARACTERS * max(seconds, 0.5):
        return "too much text"
    return None


def invented(text: str, avg_logprob: float, no_speech_prob: float, seconds: float) -> bool:
    """Text of what is no speech: the model says so itself, and either does not trust its text or heard a mere sound.

    `seconds` of speech.
    """
    return bool(text) and no_speech_prob > NO_SPEECH and (avg_logprob < LEAST_LOGPROB or seconds < SOUND)


def words(text: str) -> list[str]:
    """Lower case, without punctuation; characters are words where no spaces are written."""
    plain = re.sub(r"[^\w\s]|_", " ", text.lower())
    return [part for word in plain.split() for part in (list(word) if _UNSPACED.search(word) else [word])]


def loop(said: Sequence[str]) -> tuple[int, int] | None:
    """The first words that come more than MOST_REPEATS times in a row: (where the second time begins, the end)."""
    for start in range(len(said)):
        for length in range(1, min(LONGEST_REPEAT, (len(said) - start) // (MOST_REPEATS + 1)) + 1):
            end = start + length
            while said[end : end + length] == said[start : start + length]:
                end += length
            if (end - start) // length > MOST_REPEATS:
                return start + length, end
    return None


_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
