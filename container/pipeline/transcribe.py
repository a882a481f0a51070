"""Inference: samples to segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline import steering
from pipeline.audio import SAMPLE_RATE
from pipeline.errors import RequestError
from pipeline.model import Model
from pipeline.options import Options

# Whisper's own ladder: a window whose text looks wrong is decoded again, each time more freely
# (https://arxiv.org/abs/2212.04356, section 4.5).
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Speech:
    """What was said. Times in seconds from the start of the audio."""

    language: str
    language_probability: float
    duration: float
    speech_duration: float
    segments: list[dict[str, Any]]


def transcribe(model: Model, samples: np.ndarray, options: Options) -> Speech:
    """`samples` are mono float32 at 16 kHz. Raises RequestError 400 for options that this model can't follow."""
    _check(model, options)
    prompt, hotwords = steering.fit(model.whisper.hf_tokenizer, options.prompt, options.hotwords)
    segments, info = model.whisper.transcribe(
        samples,
        language=options.language,
        task=options.task,
        beam_size=options.beam_size,
        temperature=TEMPERATURES if options.temperature is None else options.temperature,
        initial_prompt=prompt,
        hotwords=hotwords,
        # Text of the window before pulls the model into loops: one mistake would repeat to the end of the file.
        condition_on_previous_text=False,
        word_timestamps=options.word_timestamps,
        vad_filter=options.vad,
        # Looks further only while the first windows leave the language in doubt.
        language_detection_segments=4,
    )
    found = [_segment(segment, options.word_timestamps) for segment in segments]
    return Speech(
        language=info.language,
        language_probability=info.language_probability,
        duration=len(samples) / SAMPLE_RATE,
        speech_duration=info.duration_after_vad,
        segments=[segment for segment in found if segment["text"]],
    )


def _check(model: Model, options: Options) -> None:
    languages = model.whisper.supported_languages
    if options.language and options.language not in languages:
        known = ", ".join(sorted(languages)) if len(languages) < 10 else f"{len(languages)} two- or three-letter codes"
        raise RequestError(400, "bad_options", f"this model does not know language {options.language[:20]!r} ({known})")
    if options.task == "translate" and not model.whisper.model.is_multilingual:
        raise RequestError(400, "bad_options", "this model knows English only and can't translate")


def _segment(segment: Any, with_words: bool) -> dict[str, Any]:
    out = {
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text.strip(),
        "avg_logprob": round(segment.avg_logprob, 4),
        "no_speech_prob": round(segment.no_speech_prob, 4),
        "compression_ratio": round(segment.compression_ratio, 4),
        "temperature": segment.temperature,
    }
    if with_words:
        out["words"] = [
            {
                "start": round(word.start, 3),
                "end": round(word.end, 3),
                "word": word.word.strip(),
                "probability": round(word.probability, 4),
            }
            for word in segment.words or []
        ]
    return out
