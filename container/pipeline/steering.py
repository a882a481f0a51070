"""Prompt and hotwords as every window's decoding begins with them: cut so that the window's text still fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

# The decoder has 448 places for everything; half of them are for what was said.
MOST_TOKENS = 448 // 2 - 1
MOST_HOTWORD_TOKENS = MOST_TOKENS // 2


class Tokenizer(Protocol):
    """What is used of tokenizers.Tokenizer."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Encoding: ...

    def decode(self, ids: Sequence[int]) -> str: ...


class Encoding(Protocol):
    """What is used of tokenizers.Encoding."""

    ids: list[int]


def fit(tokenizer: Tokenizer, prompt: str | None, hotwords: str | None) -> list[int]:
    """The first hotwords and the prompt's last tokens, as many as fit together, in the order the decoder takes them."""

    def tokens(text: str) -> list[int]:
        return tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids

    words = tokens(hotwords) if hotwords else []
    if len(words) > MOST_HOTWORD_TOKENS:
        # A character may be cut in two by its tokens; what is left of it is no text.
        words = tokens(tokenizer.decode(words[:MOST_HOTWORD_TOKENS]).rstrip("\ufffd"))
    return words + (tokens(prompt)[-(MOST_TOKENS - len(words)) :] if prompt else [])
