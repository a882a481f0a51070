"""The model: windows to text and back to the times of its words. The only stage that uses the GPU."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import ctranslate2
import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from pipeline import features, steering
from pipeline.windows import Window

# The model's places for prompt and text together.
PLACES = 448
# Frames that the encoder can take, and of silence after a window's end, where the model ends its text.
MOST_FRAMES = 3000
TAIL = 100
# Frames that the encoder takes: the first of these that holds a batch's windows. Whisper has learnt from 30 s, and in
# less than 10 s it says a short sentence over and over (docs/inference.md). Only few, since a text depends on it a
# little: so the windows of other requests in a batch change nothing.
CONTEXTS = (1000, 1600, 2200, 2900, MOST_FRAMES)
# A CPU's encoder takes a window in a multiple of so many frames. Two frames are a place of what comes out.
STEP = 50
PLACE = 2
# Samples that are drawn at a temperature; the likeliest is taken. Whisper's own number.
BEST_OF = 5
# Threads that wait for the encoder, which works on as many windows at once as the model has workers.
_HELPERS = ThreadPoolExecutor(thread_name_prefix="encoder")


@dataclass(frozen=True)
class Decoded:
    """What the model says of one window. `tokens` are text only."""

    tokens: list[int] = field(repr=False)
    text: str = field(repr=False)
    avg_logprob: float
    no_speech_prob: float
    temperature: float


@dataclass(frozen=True)
class Alignment:
    """For each token its first frame, and a last one where the text ends; each token's probability, 0 to 1."""

    frames: np.ndarray
    probabilities: np.ndarray


_NO_TEXT = Alignment(np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class Encoded:
    """Windows as the encoder hears them, in `context` frames; `frames` is how many of each are not padding."""

    storage: ctranslate2.StorageView
    context: int
    frames: list[int]


def context(windows: Sequence[Window]) -> int:
    """Frames that the encoder takes for these windows together."""
    longest = min(MOST_FRAMES, max(window.frames for window in windows) + TAIL)
    return next(frames for frames in CONTEXTS if frames >= longest)


def encode(model: ctranslate2.models.Whisper, windows: Sequence[Window], within: int | None = None) -> Encoded:
    """All windows in one context, `within` or their own: the encoder's time grows faster than its length.

    A GPU takes them all at once. A CPU is no faster with several than with one, which needs the least memory and lets
    workers that have nothing else to do help.
    """
    within = within or context(windows)
    if model.device == "cpu":
        parts = list(_HELPERS.map(lambda window: _alone(model, window, within), windows))
        storage = ctranslate2.StorageView.from_array(np.concatenate(parts))
    else:
        batch = np.stack([features.normalised(window.mel, within) for window in windows])
        storage = model.encode(ctranslate2.StorageView.from_array(batch))
    return Encoded(storage, within, [window.frames for window in windows])


def _alone(model: ctranslate2.models.Whisper, window: Window, within: int) -> np.ndarray:
    """The encoder works on what is heard and the silence after it, whose last place fills up the context."""
    frames = min(within, max(CONTEXTS[0], -(-(window.frames + TAIL) // STEP) * STEP))
    batch = features.normalised(window.mel, frames)[np.newaxis]
    encoded = np.asarray(model.encode(ctranslate2.StorageView.from_array(batch)))
    return np.pad(encoded, ((0, 0), (0, (within - frames) // PLACE), (0, 0)), mode="edge")


def kept(encoded: Encoded, row: int) -> np.ndarray | None:
    """What the encoder made of one of the windows, for together(). None on a GPU, whose memory can't be reached."""
    return np.asarray(encoded.storage)[row].copy() if encoded.storage.device == "cpu" else None


def together(
    model: ctranslate2.models.Whisper, windows: Sequence[Window], parts: Sequence[np.ndarray | None], within: int
) -> Encoded:
    """Windows whose parts were kept(), in the context `within`; a GPU is quick to encode them again."""
    if any(part is None for part in parts):
        return encode(model, windows, within)
    return Encoded(ctranslate2.StorageView.from_array(np.stack(parts)), within, [window.frames for window in windows])


def _parts(model: ctranslate2.models.Whisper, encoded: Encoded) -> list[tuple[slice, ctranslate2.StorageView]]:
    """One for each worker that has nothing to do: at a recording's end there may be one batch left for all."""
    rows = len(encoded.frames)
    count = min(rows, model.num_workers - model.num_active_batches)
    if count < 2:
        return [(slice(0, rows), encoded.storage)]
    whole = np.asarray(encoded.storage)
    edges = [number * rows // count for number in range(count + 1)]
    slices = [slice(start, end) for start, end in pairwise(edges)]
    return [(part, ctranslate2.StorageView.from_array(whole[part])) for part in slices]


class Decoder:
    """Decodes with one request's language, task, prompt and hotwords."""

    def __init__(
        self, model: ctranslate2.models.Whisper, tokenizer: Tokenizer, prompt: Sequence[int], beam_size: int
    ) -> None:
        """`prompt`: tokens of what could have been said before."""
        self._model = model
        self.tokenizer = tokenizer
        self._beam_size = beam_size
        self._suppressed = list(get_suppressed_tokens(tokenizer, [-1]))
        self._said = list(prompt)

    def search(self, encoded: Encoded, contexts: Sequence[Sequence[int]] = ()) -> list[Decoded]:
        """Beam search. `contexts`: for each window what is said around it, all of one length."""
        return self._generate(encoded, 0.0, contexts, beam_size=self._beam_size)

    def sample(self, encoded: Encoded, temperature: float) -> list[Decoded]:
        return self._generate(
            encoded,
            temperature,
            (),
            beam_size=1,
            num_hypotheses=BEST_OF,
            sampling_topk=0,
            sampling_temperature=temperature,
        )

    def _generate(
        self, encoded: Encoded, temperature: float, contexts: Sequence[Sequence[int]], **how: float
    ) -> list[Decoded]:
        prompts = [self._prompt(context) for context in contexts or [()] * len(encoded.frames)]
        parts = _parts(self._model, encoded)
        coming = [
            self._model.generate(
                storage,
                prompts[rows],
                asynchronous=True,
                max_length=PLACES,
                suppress_blank=True,
                suppress_tokens=self._suppressed,
                return_scores=True,
                return_no_speech_prob=True,
                **how,
            )
            for rows, storage in parts
        ]
        return [self._decoded(one.result(), temperature) for part in coming for one in part]

    def _prompt(self, context: Sequence[int]) -> list[int]:
        """The caller's prompt stays whole; of the context there is as much as fits beside it."""
        context = context[max(0, len(context) + len(self._said) - steering.MOST_TOKENS) :]
        before = [self.tokenizer.sot_prev, *self._said, *context] if self._said or context else []
        return [*before, *self.tokenizer.sot_sequence, self.tokenizer.no_timestamps]

    def _decoded(self, result: ctranslate2.models.WhisperGenerationResult, temperature: float) -> Decoded:
        ids = result.sequences_ids[0]
        tokens = [token for token in ids if token < self.tokenizer.eot]
        # The score is a mean over the tokens that came out; Whisper's own mean counts the end of the text, too.
        logprob = result.scores[0] * len(ids) / (len(ids) + 1)
        text = self.tokenizer.decode(tokens).strip()
        return Decoded(tokens, text, logprob, result.no_speech_prob, temperature)

    def align(self, encoded: Encoded, texts: Sequence[Sequence[int]]) -> list[Alignment]:
        """Where in its window each token is heard: the decoder's cross-attention, warped in time."""
        # A window without a text would take as long as the others; what lies on a GPU can't be taken apart.
        rows = [row for row, text in enumerate(texts) if text or encoded.storage.device != "cpu"]
        if not rows:
            return [_NO_TEXT] * len(texts)
        storage = encoded.storage
        if len(rows) < len(texts):
            storage = ctranslate2.StorageView.from_array(np.asarray(storage)[rows])
        results = self._model.align(
            storage,
            self.tokenizer.sot_sequence,
            [list(texts[row]) for row in rows],
            [encoded.frames[row] for row in rows],
        )
        found = dict(zip(rows, results, strict=True))
        return [_alignment(found[row], len(text)) if text else _NO_TEXT for row, text in enumerate(texts)]


def _alignment(result: ctranslate2.models.WhisperAlignmentResult, count: int) -> Alignment:
    """Of `count` tokens, one at least."""
    tokens, times = np.array(result.alignments).T
    first = np.concatenate([[True], np.diff(tokens) > 0])
    return Alignment(float(PLACE) * times[first], np.array(result.text_token_probs[:count]))


def languages(model: ctranslate2.models.Whisper, encoded: Encoded) -> list[dict[str, float]]:
    """For each window the probability of each language, by its code."""
    return [
        {token.strip("<|>"): probability for token, probability in window}
        for window in model.detect_language(encoded.storage)
    ]
