"""How far a text is from what was said: word error rate, and what is missing, by jiwer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import jiwer

# Written without spaces: each character counts as a word.
BY_CHARACTER = ("ja", "th", "zh")


@dataclass(frozen=True)
class Score:
    """`wer` in percent; `longest_deletion` is the most words in a row that are missing."""

    wer: float
    words: int
    deleted_words: int
    longest_deletion: int


def score(said: str, heard: str, language: str) -> Score:
    """`said` and `heard` in lower case without punctuation; for BY_CHARACTER characters after NFKC, without spaces."""
    result = jiwer.process_words(_words(said, language), _words(heard, language))
    missing = [chunk.ref_end_idx - chunk.ref_start_idx for chunk in result.alignments[0] if chunk.type == "delete"]
    return Score(
        wer=100 * result.wer,
        words=len(result.references[0]),
        deleted_words=result.deletions,
        longest_deletion=max(missing, default=0),
    )


def _words(text: str, language: str) -> str:
    characters = language in BY_CHARACTER
    text = unicodedata.normalize("NFKC" if characters else "NFC", text).lower()
    # \w leaves out the vowel signs that Thai writes over and under its letters.
    bare = "".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in text)
    return " ".join(re.sub(r"\s+", "", bare) if characters else bare.split())
