"""Words that were heard against the words that were said."""

from __future__ import annotations

import jiwer

# Words as they are written in transcripts, not as they are spoken.
NORMALISED = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.SubstituteRegexes({r"-": " ", r"\s+": " ", r"\bmr\b": "mister"}),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


def compared(said: str, heard: str) -> jiwer.WordOutput:
    """Word error rate, deletions and the rest."""
    return jiwer.process_words(said, heard, reference_transform=NORMALISED, hypothesis_transform=NORMALISED)


def letters(text: str) -> str:
    """Lower-case letters and spaces only."""
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ").strip()
