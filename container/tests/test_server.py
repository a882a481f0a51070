"""The server with real weights, over HTTP: what SageMaker and the article's client see."""

import base64
import json
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import recordings
from conftest import SPEECH
from running import CONTAINER, Server, error_code, wait_until
from words import letters

CLIP_TEXT = "ask what you can do for your country"


def test_ping_says_503_until_the_model_is_loaded_then_200(own_server):
    seen = []

    def ready() -> bool:
        seen.append(own_server.ping())
        return seen[-1] == 200

    wait_until(ready, "a 200 of /ping")
    assert 503 in seen
    assert set(seen) <= {None, 503, 200}


def test_ping_answers_while_a_recording_is_transcribed(server, ask_not):
    with ThreadPoolExecutor(1) as pool:
        transcription = pool.submit(server.invoke, recordings.repeated(ask_not, 3))
        answers, slowest = [], 0.0
        while not transcription.done():
            started = time.monotonic()
            answers.append(server.ping())
            slowest = max(slowest, time.monotonic() - started)
        assert transcription.result().status_code == 200
    assert len(answers) > 10
    assert set(answers) == {200}
    assert slowest < 2  # What SageMaker waits; usually it is under 0.05.


def test_text_is_one_segment_a_line(server):
    answer = server.invoke((SPEECH / "sense-and-sensibility.mp3").read_bytes(), accept="text/plain")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert len(lines) > 1
    assert "john dashwood had then leisure" in letters(" ".join(lines))
    assert all(line == line.strip() and line for line in lines)


def test_json_is_the_transcript(server, ask_not):
    answer = server.invoke(ask_not)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    transcript = answer.json()
    segments = transcript.pop("segments")
    timings = transcript.pop("timings")
    assert transcript == {
        "schema_version": 1,
        "model": "tiny.en",
        "model_revision": "0123456789ab",
        "transcriber": (CONTAINER / "TRANSCRIBER").read_text().strip(),
        "image": "fedcba987654",
        "task": "transcribe",
        "language": "en",
        "language_probability": 1,
        "duration": pytest.approx(11, abs=0.1),
        "speech_duration": pytest.approx(11, abs=1),
        "speech_without_text": 0,
        "windows": 1,
        "retries": 0,
    }
    assert letters(" ".join(segment["text"] for segment in segments)).endswith(CLIP_TEXT)
    end = 0.0
    for segment in segments:
        assert set(segment) == {
            "start",
            "end",
            "text",
            "avg_logprob",
            "no_speech_prob",
            "compression_ratio",
            "temperature",
        }
        assert end <= segment["start"] < segment["end"] <= 11.1
        end = segment["end"]
    assert set(timings) == {"decode", "features", "speech", "inference", "total"}
    assert all(0 < seconds <= timings["total"] for seconds in timings.values())


def test_words_have_times_when_they_are_asked_for(server, clip):
    (segment,) = server.with_options(clip, {"word_timestamps": True}).json()["segments"]
    assert [letters(word["word"]) for word in segment["words"]] == CLIP_TEXT.split()
    starts = [word["start"] for word in segment["words"]]
    assert starts == sorted(starts)
    assert all(0 <= word["probability"] <= 1 and word["start"] <= word["end"] for word in segment["words"])


def test_a_long_prompt_and_many_hotwords_are_cut_to_what_fits(server, clip):
    options = {"prompt": "A speech that everybody knows by heart. " * 40, "hotwords": "Fitzgerald, " * 200}
    answer = server.with_options(clip, options)
    assert answer.status_code == 200, answer.text
    assert "country" in answer.text


def test_options_come_deflated_too(server, clip):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(json.dumps({"word_timestamps": True}).encode()) + packer.flush()
    header = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    transcript = server.invoke(clip, X_Amzn_SageMaker_Custom_Attributes=header).json()
    assert "words" in transcript["segments"][0]


@pytest.mark.parametrize("kind", recordings.KINDS)
def test_recordings_of_every_kind_give_the_same_words(server, clip, kind):
    content_type = recordings.KINDS[kind][2]
    answer = server.invoke(recordings.encode(clip, kind), content_type, accept="text/plain")
    assert (answer.status_code, letters(answer.text)) == (200, CLIP_TEXT)


@pytest.mark.parametrize("vad", [True, False])
def test_silence_is_an_empty_transcript(server, vad):
    transcript = server.with_options(recordings.wav(np.zeros(16_000 * 3)), {"vad": vad, "temperature": 0}).json()
    assert transcript["duration"] == 3
    if vad:
        assert transcript["segments"] == []
        assert transcript["speech_duration"] == 0


def test_a_moment_of_sound_is_no_error(server):
    assert server.invoke(recordings.wav(np.full(160, 0.1))).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "code"),
    [
        (b"not audio " * 100, "audio/mpeg", {}, 400, "bad_audio"),
        (b"", "audio/mpeg", {}, 400, "empty_body"),
        (b"a,b", "text/csv", {}, 415, "unsupported_content_type"),
        (b"audio", None, {}, 415, "unsupported_content_type"),
        (b"audio", "audio/mpeg", {"accept": "image/png"}, 406, "unsupported_accept"),
        (b"audio", "audio/mpeg", {"X_Amzn_SageMaker_Custom_Attributes": "{"}, 400, "bad_options"),
        (b"audio", "audio/mpeg", {"X_Amzn_SageMaker_Custom_Attributes": '{"beam": 1}'}, 400, "bad_options"),
    ],
)
def test_a_bad_request_gets_an_error_that_says_why(server, body, content_type, headers, status, code):
    answer = server.invoke(body, content_type, **headers)
    assert (answer.status_code, error_code(answer)) == (status, code)


@pytest.mark.parametrize(
    "options", [{"language": "fr"}, {"language": "xx"}, {"task": "translate"}, {"multilingual": True}]
)
def test_what_the_model_can_not_do_is_refused(server, clip, options):
    answer = server.with_options(clip, options)
    assert (answer.status_code, error_code(answer)) == (400, "bad_options")


def test_other_paths_and_methods_have_an_error_of_the_same_shape(server):
    assert error_code(httpx.get(f"{server.url}/invocations")) == "method_not_allowed"
    assert error_code(httpx.get(f"{server.url}/")) == "not_found"


def test_the_log_says_what_was_done_and_never_what_was_said(own_server, clip):
    own_server.wait_until_ready()
    own_server.with_options(
        clip,
        {"prompt": "Zanzibar", "hotwords": "quokka"},
        X_Amzn_SageMaker_Inference_Id="job-17",
        Content_Disposition='attachment; filename="secret-interview.mp3"',
    )
    own_server.with_options(clip, {"prompt": 17, "hotwords": "quokka"}, X_Amzn_SageMaker_Inference_Id="job-18\x7f{")
    own_server.invoke(b"bad", accept="text/plain")
    assert own_server.stop() == 0
    good, bad_options, bad_audio = (line for line in own_server.log() if line["event"] == "request")
    assert good.items() >= {"id": "job-17", "status": 200, "bytes": len(clip), "language": "en"}.items()
    assert good["audio_seconds"] == pytest.approx(2.8, abs=0.1)
    assert good["seconds"] >= good["stages"]["total"] > 0
    assert set(good["stages"]) == {"decode", "features", "speech", "inference", "total"}
    assert good["times_real_time"] == pytest.approx(good["audio_seconds"] / good["stages"]["total"], rel=0.05)
    assert (good["windows"], good["speech_without_text"]) == (1, 0)
    assert good["retries"] >= 0
    assert bad_options.items() >= {"id": "job-18\x7f{", "status": 400, "error": "bad_options"}.items()
    assert bad_audio.items() >= {"status": 400, "error": "bad_audio", "bytes": 3}.items()
    text = own_server.log_file.read_text().lower()
    for secret in ("zanzibar", "quokka", "country", "secret-interview"):
        assert secret not in text


def test_weights_that_are_not_there_end_the_server_at_once_with_the_reason(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, weights in ((tmp_path / "a", None), (tmp_path / "b", tmp_path / "empty")):
        with Server(folder, weights) as server:
            assert server.process.wait(timeout=60) == 1
            (line,) = server.log()
            assert line["event"] == "cannot_serve"
            assert "model.bin" in line["reason"]
            assert "CTranslate2" in line["reason"]


def test_weights_that_are_damaged_end_the_server_with_the_reason(tmp_path, tiny):
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny.iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[:3_000_000])  # Cuts model.bin off.
    with Server(tmp_path / "server", broken) as server:
        assert server.process.wait(timeout=60) == 1
        assert server.log()[-1]["event"] == "cannot_serve"
        assert "can't be loaded on cpu as int8" in server.log()[-1]["reason"]


@pytest.mark.parametrize(
    "variable", [("WHISPER_CONCURRENCY", "0"), ("WHISPER_COMPUTE_TYPE", "int4"), ("WHISPER_CONCURRENCY", "two")]
)
def test_a_setting_that_can_not_be_used_ends_the_server_with_its_name(tmp_path, tiny, variable):
    with Server(tmp_path, tiny, **dict([variable])) as server:
        assert server.process.wait(timeout=60) == 1
        assert variable[0] in server.log()[-1]["reason"]


@pytest.mark.parametrize("arguments", [[], ["train"], ["serve", "now"]])
def test_anything_but_serve_is_refused(arguments):
    ended = subprocess.run([sys.executable, str(CONTAINER / "server.py"), *arguments], capture_output=True, timeout=60)
    assert ended.returncode == 2
    assert b"usage" in ended.stderr
