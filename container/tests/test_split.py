"""Recordings with a speaker on each channel."""

from __future__ import annotations

import io
import tempfile

import numpy as np
import pytest
import recordings
from conftest import SPEECH
from running import Server
from words import compared

from pipeline import audio, crosstalk
from pipeline.errors import RequestError

NAMES = ("ask-not", "sense-and-sensibility")
SAID = [(SPEECH / f"{name}.txt").read_text(encoding="utf-8") for name in NAMES]
RATE = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def voices() -> list[np.ndarray]:
    """Two readers, equally loud."""
    found = [audio.decode(io.BytesIO((SPEECH / f"{name}.mp3").read_bytes())) for name in NAMES]
    return [voice * (0.1 / np.std(voice)) for voice in found]


def in_turns(voices: list[np.ndarray]) -> np.ndarray:
    """A channel each, one after the other."""
    one, other = voices
    return np.stack([np.concatenate([one, 0 * other]), np.concatenate([0 * one, other])])


def at_once(voices: list[np.ndarray]) -> np.ndarray:
    """A channel each, both from the start."""
    longest = max(len(voice) for voice in voices)
    return np.stack([np.pad(voice, (0, longest - len(voice))) for voice in voices])


def bleeding(channels: np.ndarray, decibels: float) -> np.ndarray:
    """Each of the two hears the other, so much quieter."""
    return channels + channels[::-1] * 10 ** (decibels / 20)


def split(server: Server, channels: np.ndarray, **options: object) -> dict:
    answer = server.with_options(recordings.wav(channels), {"channels": "split", **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def of_speaker(transcript: dict, speaker: str) -> str:
    return " ".join(segment["text"] for segment in transcript["segments"] if segment["speaker"] == speaker)


@pytest.mark.parametrize("together", [in_turns, at_once])
def test_each_speaker_is_written_down_as_well_as_alone_and_once(server, voices, together):
    """Both tracks hear the other at -30 dB: without muting, every word of the turns comes twice."""
    transcript = split(server, bleeding(together(voices), -30))
    for speaker, voice, said in zip(("1", "2"), voices, SAID, strict=True):
        alone = server.invoke(recordings.wav(voice), accept="text/plain").text
        accuracy, alone_accuracy = compared(said, of_speaker(transcript, speaker)), compared(said, alone)
        assert accuracy.wer <= alone_accuracy.wer + 0.1, of_speaker(transcript, speaker)
        assert accuracy.insertions <= alone_accuracy.insertions + 1
    starts = [segment["start"] for segment in transcript["segments"]]
    assert starts == sorted(starts)
    assert {segment["speaker"] for segment in transcript["segments"]} == {"1", "2"}
    assert transcript["duration"] == pytest.approx(together(voices).shape[1] / RATE, abs=0.1)
    assert transcript["speech_duration"] == pytest.approx(sum(len(voice) for voice in voices) / RATE, rel=0.1)


def test_words_have_the_times_of_the_recording_and_speech_detection_can_be_off(server, voices):
    transcript = split(server, in_turns(voices), word_timestamps=True, vad=False)
    turn = len(voices[0]) / RATE
    for segment in transcript["segments"]:
        for word in segment["words"]:
            assert segment["start"] - 0.5 <= word["start"] <= word["end"] <= segment["end"] + 0.5
    second = [segment for segment in transcript["segments"] if segment["speaker"] == "2"]
    assert second[0]["words"][0]["start"] == pytest.approx(turn, abs=1)
    # Each channel counts whole: nothing was left out.
    assert transcript["speech_duration"] == pytest.approx(2 * transcript["duration"], abs=0.1)


@pytest.mark.parametrize("kind", ["mono", "the same in both"])
def test_one_voice_is_one_speaker(server, clip, kind):
    samples = audio.decode(io.BytesIO(clip))
    transcript = split(server, samples if kind == "mono" else np.stack([samples, samples]))
    assert {segment["speaker"] for segment in transcript["segments"]} == {"1"}
    assert "country" in of_speaker(transcript, "1")


def test_without_split_nobody_is_named(server, voices):
    transcript = server.invoke(recordings.wav(at_once(voices)[:, : 3 * RATE])).json()
    assert all("speaker" not in segment for segment in transcript["segments"])


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "mp4"])
def test_channels_come_out_as_they_went_in(clip, kind):
    """5.1 too, which recordings.encode() makes of the one voice: its first two channels are left and right."""
    channels = channels_of(recordings.encode(clip, kind))
    assert len(channels) == {"stereo": 2, "5.1": 6}[recordings.KINDS[kind][4]]
    assert {len(channel) for channel in channels} == {len(channels[0])}
    assert all(channel.dtype == np.int16 for channel in channels)


def test_every_channel_is_kept_apart_up_to_eight():
    seconds = np.arange(RATE) / RATE
    tones = np.stack([0.3 * np.sin(2 * np.pi * 100 * (number + 1) * seconds) for number in range(9)])
    channels = channels_of(recordings.wav(tones[:8]))
    assert [int(np.abs(np.fft.rfft(channel)).argmax()) for channel in channels] == [100 * n for n in range(1, 9)]
    with pytest.raises(RequestError, match="8 channels at most; the recording has 9") as caught:
        channels_of(recordings.wav(tones))
    assert caught.value.code == "bad_options"


def test_a_stereo_file_joined_to_a_mono_one_stays_stereo_to_its_end(clip):
    joined = recordings.encode(clip, "mp3") + clip
    channels = channels_of(joined)
    assert [len(channel) / RATE for channel in channels] == [pytest.approx(5.6, abs=0.5)] * 2


@pytest.mark.parametrize("decibels", [-12, -30])
def test_what_bleeds_is_muted_and_what_is_said_stays(voices, decibels):
    channels = [(1e4 * channel).astype(np.int16) for channel in bleeding(in_turns(voices), decibels)]
    turn = len(voices[0])
    before = [channel.copy() for channel in channels]
    loudest = crosstalk.mute(channels)
    for number, (own, others) in enumerate([(slice(0, turn), slice(turn, None)), (slice(turn, None), slice(0, turn))]):
        assert energy(channels[number][others]) < 0.1 * energy(before[number][others])
        assert energy(channels[number][own]) > 0.999 * energy(before[number][own])
        assert loudest[number] == pytest.approx(len(voices[number]) / len(channels[0]), abs=0.1)


def test_a_quiet_speaker_whom_a_loud_one_interrupts_stays(voices):
    channels = list((at_once(voices)[:, : len(voices[0])] * [[1e4], [5e2]]).astype(np.int16))
    before = energy(channels[1])
    crosstalk.mute(channels)
    assert energy(channels[1]) > 0.95 * before


def channels_of(recording: bytes) -> list[np.ndarray]:
    with tempfile.TemporaryFile() as file:
        return audio.decode_channels(io.BytesIO(recording), file)


def energy(samples: np.ndarray) -> float:
    return float(np.square(samples, dtype=np.float64).sum())
