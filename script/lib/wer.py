"""Word error rate of a transcript against its reference: `wer.py REFERENCE HYPOTHESIS` (files) prints it as a fraction.

Case and punctuation don't count. jiwer does the alignment.
"""

import sys
from pathlib import Path

import jiwer

words = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.RemovePunctuation(),
        jiwer.SubstituteRegexes({r"\s+": " "}),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)
reference, hypothesis = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:3])
print(jiwer.wer(reference, hypothesis, reference_transform=words, hypothesis_transform=words))
