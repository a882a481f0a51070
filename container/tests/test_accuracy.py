"""Real speech against its words, with the base weights."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import recordings
from conftest import SPEECH
from running import Server
from words import compared

from pipeline import audio

# Both are clear readings, on which base makes no mistake today. One word in 69 or in 22 may change with a library.
HIGHEST_WER = 0.05


@pytest.fixture(scope="module")
def base_server(base, tmp_path_factory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("base"), base, WHISPER_MODEL="base") as server:
        server.wait_until_ready()
        yield server


@pytest.mark.parametrize("name", ["ask-not", "sense-and-sensibility"])
def test_speech_is_written_down_as_it_was_said(base_server, name):
    answer = base_server.invoke((SPEECH / f"{name}.mp3").read_bytes(), accept="text/plain")
    heard = " ".join(answer.text.splitlines())
    said = (SPEECH / f"{name}.txt").read_text(encoding="utf-8")
    result = compared(said, heard)
    assert result.wer <= HIGHEST_WER, heard
    assert result.deletions == 0, heard


def test_the_language_is_found_and_can_be_chosen(base_server, ask_not):
    found = base_server.invoke(ask_not).json()
    assert (found["language"], found["language_probability"]) == ("en", pytest.approx(1, abs=0.2))
    chosen = base_server.with_options(ask_not, {"language": "FR", "temperature": 0}).json()
    assert chosen["language"] == "fr"


def test_of_split_channels_the_one_with_speech_says_the_language(base_server, clip):
    speech = audio.decode(io.BytesIO(clip))
    noise = np.random.default_rng(1).normal(scale=0.2, size=len(speech))
    answer = base_server.with_options(recordings.wav(np.stack([noise, speech])), {"channels": "split"}).json()
    assert (answer["language"], answer["language_probability"]) == ("en", pytest.approx(1, abs=0.2))
    assert {segment["speaker"] for segment in answer["segments"]} == {"2"}


def test_translation_is_english_and_says_so(base_server, ask_not):
    transcript = base_server.with_options(ask_not, {"task": "translate"}).json()
    assert transcript["task"] == "translate"
    assert "country" in " ".join(segment["text"] for segment in transcript["segments"])


@pytest.mark.parametrize("hint", [{"hotwords": "Dashwoode"}, {"prompt": "Mr. John Dashwoode."}])
def test_hotwords_and_prompt_decide_how_a_name_is_written(base_server, hint):
    recording = (SPEECH / "sense-and-sensibility.mp3").read_bytes()
    assert "Dashwoode" in base_server.with_options(recording, hint, accept="text/plain").text
    assert "Dashwoode" not in base_server.invoke(recording, accept="text/plain").text


def test_hotwords_decide_how_a_japanese_name_is_written(base_server):
    # Most of that name write it 渡辺; here it is heard as another word altogether.
    recording = (Path(__file__).parent / "speech" / "ja-watanabe.mp3").read_bytes()
    assert "渡邉さん" in base_server.with_options(recording, {"hotwords": "渡邉"}, accept="text/plain").text
    without = base_server.invoke(recording).json()
    assert without["language"] == "ja"
    assert "渡邉" not in "".join(segment["text"] for segment in without["segments"])


def test_silence_has_no_words_in_any_language(base_server):
    silence = recordings.wav(np.zeros(16_000 * 40))
    transcript = base_server.invoke(silence, "audio/wav").json()
    assert (transcript["segments"], transcript["speech_duration"]) == ([], 0)
