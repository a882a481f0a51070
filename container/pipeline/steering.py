"""Prompt and hotwords as the decoder takes them: cut so that the text of a window still fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

# The decoder has 448 places for everything; half of them are for what was said. faster-whisper cuts each of the two to
# this many, but not their sum, and fails when that is over 448.
MOST_TOKENS = 448 // 2 - 1
# Hotwords steer every window, the prompt only the first.
MOST_HOTWORD_TOKENS = MOST_TOKENS // 2


class Tokenizer(Protocol):
    """What is used of tokenizers.Tokenizer."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Encoding: ...

    def decode(self, ids: Sequence[int]) -> str: ...


class Encoding(Protocol):
    """What is used of tokenizers.Encoding."""

    ids: list[int]


def fit(tokenizer: Tokenizer, prompt: str | None, hotwords: str | None) -> tuple[list[int] | None, str | None]:
    """The prompt's last tokens and the first hotwords that fit together. None where none was given."""

    def tokens(text: str) -> list[int]:
        return tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids

    words = tokens(hotwords) if hotwords else []
    if len(words) > MOST_HOTWORD_TOKENS:
        words = words[:MOST_HOTWORD_TOKENS]
        # A character may be cut in two by its tokens; what is left of it is no text.
        hotwords = tokenizer.decode(words).rstrip("\ufffd")
    return (tokens(prompt)[-(MOST_TOKENS - len(words)) :] if prompt else None), hotwords
