"""Sounds that are no speech have no words; quiet speech has all of them."""

import io

import numpy as np
import pytest
import recordings
from conftest import SPEECH
from running import Server
from words import compared

from pipeline import audio

RATE = audio.SAMPLE_RATE
SECONDS = 20


@pytest.fixture(scope="module")
def base_server(base, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("base"), base) as server:
        server.wait_until_ready()
        yield server


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SECONDS * RATE)


def _coloured(seed: int, power: float) -> np.ndarray:
    """Noise whose power falls with the frequency to `power`: 1 is pink (rain), 2 is brown (wind, traffic)."""
    spectrum = np.fft.rfft(_noise(seed))
    samples = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (power / 2))
    return samples / np.abs(samples).max()


def _notes(*frequencies: float) -> np.ndarray:
    """Music without words: half a second of each note with three harmonics, which fades as a plucked string does."""
    time = np.arange(RATE // 2) / RATE
    notes = [sum(np.sin(2 * np.pi * f * h * time) / h for h in (1, 2, 3)) * np.exp(-4 * time) for f in frequencies]
    return np.resize(np.concatenate(notes), SECONDS * RATE) / 2


def _clicks() -> np.ndarray:
    samples = np.zeros(SECONDS * RATE)
    samples[:: RATE // 2] = 0.9
    return samples


TIME = np.arange(SECONDS * RATE) / RATE
CLIPS = {
    "silence": np.zeros(SECONDS * RATE),
    "a moment": np.full(RATE // 10, 0.1),
    "a quiet room": 0.001 * _noise(1),
    "white noise": 0.1 * _noise(2),
    "loud noise": 0.5 * _noise(3),
    "rain": 0.5 * _coloured(4, 1),
    "wind": 0.9 * _coloured(5, 2),
    "mains hum": 0.2 * np.sin(2 * np.pi * 50 * TIME),
    "a tone": 0.5 * np.sin(2 * np.pi * 1000 * TIME),
    "engaged": 0.3 * np.sin(2 * np.pi * 425 * TIME) * (TIME % 1 < 0.5),
    "a clock": _clicks(),
    "a melody": _notes(262, 294, 330, 349, 392, 440, 494, 523),
    "chords": (_notes(262, 220, 175, 196) + _notes(330, 262, 220, 247) + _notes(392, 330, 262, 294)) / 3,
}


@pytest.mark.parametrize("language", [None, "ja"])
@pytest.mark.parametrize("name", CLIPS)
def test_what_is_no_speech_has_no_words(base_server, name, language):
    options = {"language": language} if language else {}
    transcript = base_server.with_options(recordings.wav(CLIPS[name]), options).json()
    assert [segment["text"] for segment in transcript["segments"]] == []


@pytest.mark.parametrize("decibels", [-30, -40])
def test_quiet_speech_is_kept(base_server, decibels):
    samples = audio.decode(io.BytesIO((SPEECH / "ask-not.mp3").read_bytes())) * 10 ** (decibels / 20)
    heard = base_server.invoke(recordings.wav(samples), "audio/wav", accept="text/plain").text
    assert compared((SPEECH / "ask-not.txt").read_text(encoding="utf-8"), heard).deletions == 0, heard


def test_whispered_speech_is_kept(base_server):
    """A voice's spectrum over noise: what is left of speech without the vocal cords."""
    samples = audio.decode(io.BytesIO((SPEECH / "ask-not.mp3").read_bytes()))
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 256), 512)[::128] * np.hanning(512)
    phases = np.exp(2j * np.pi * np.random.default_rng(6).random((len(frames), 257)))
    whispered = np.fft.irfft(np.abs(np.fft.rfft(frames, axis=1)) * phases, axis=1) * np.hanning(512)
    out = np.zeros(len(frames) * 128 + 512)
    for number, frame in enumerate(whispered):
        out[number * 128 : number * 128 + 512] += frame
    heard = base_server.invoke(recordings.wav(0.3 * out / np.abs(out).max()), "audio/wav", accept="text/plain").text
    said = (SPEECH / "ask-not.txt").read_text(encoding="utf-8")
    # base mishears some of it; nothing of it may be taken for silence.
    assert compared(said, heard).hits >= 0.75 * len(said.split()), heard
