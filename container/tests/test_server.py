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
from running import CONTAINER, Server, wait_until

from serving.app import MAX_BODY_BYTES_IN_MEMORY

CLIP_TEXT = "ask what you can do for your country"


def plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ").strip()


def error_code(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"code", "message"}
    assert "Traceback" not in response.text
    return error["code"]


def long_recording(recording: bytes, times: int) -> bytes:
    """MP3 files put one after the other are one MP3 file."""
    return recording * times


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
        transcription = pool.submit(server.invoke, long_recording(ask_not, 3))
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
    assert "john dashwood had then leisure" in plain(" ".join(lines))
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
    assert plain(" ".join(segment["text"] for segment in segments)).endswith(CLIP_TEXT)
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
    assert [plain(word["word"]) for word in segment["words"]] == CLIP_TEXT.split()
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
    assert (answer.status_code, plain(answer.text)) == (200, CLIP_TEXT)


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


def test_requests_at_once_get_the_texts_that_they_get_alone(tiny, tmp_path, ask_not, clip):
    sense = (SPEECH / "sense-and-sensibility.mp3").read_bytes()
    words, beam = {"word_timestamps": True}, {"beam_size": 2, "temperature": 0}
    asked = [(ask_not, {}), (sense, {}), (clip, words), (sense, beam), (ask_not, beam), (clip + ask_not + clip, {})]
    with Server(tmp_path, tiny, WHISPER_CONCURRENCY=str(len(asked))) as server, ThreadPoolExecutor(len(asked)) as pool:
        server.wait_until_ready()
        at_once = list(pool.map(lambda one: server.with_options(*one).json(), asked))
        alone = [server.with_options(*one).json() for one in asked]
    assert [without_numbers(one) for one in at_once] == [without_numbers(one) for one in alone]
    assert len({plain(one["segments"][0]["text"]) for one in at_once}) >= 3


def without_numbers(transcript: dict) -> list[tuple[str, list[str]]]:
    """Text and words: of the probabilities the last digits depend on the other windows in a batch."""
    return [
        (segment["text"], [word["word"] for word in segment.get("words", [])]) for segment in transcript["segments"]
    ]


def test_only_a_short_line_waits_and_the_rest_is_told_to_come_back(own_server, ask_not):
    own_server.wait_until_ready()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(own_server.invoke, [long_recording(ask_not, 2)] * 8))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert [error_code(answer) for answer in refused] == ["busy"] * 5
    assert [answer.status_code for answer in answers].count(200) == 3  # One at work and two waiting.
    assert own_server.invoke(ask_not).status_code == 200


def test_a_caller_that_goes_away_gives_its_place_back(own_server, clip):
    own_server.wait_until_ready()

    def broken_body():
        yield clip[:1000]
        raise ConnectionAbortedError

    for _ in range(6):
        with pytest.raises(ConnectionAbortedError):
            own_server.invoke(broken_body())
    assert own_server.invoke(clip).status_code == 200


def test_what_nobody_waits_for_any_more_is_not_transcribed_to_its_end(own_server, ask_not, clip):
    own_server.wait_until_ready()
    headers = {"content-type": "audio/mpeg", "x-amzn-sagemaker-inference-id": "abandoned"}
    with pytest.raises(httpx.ReadTimeout):
        # An hour: it would take minutes.
        httpx.post(
            f"{own_server.url}/invocations",
            content=long_recording(ask_not, 330),
            headers=headers,
            timeout=httpx.Timeout(60, read=2),
        )
    assert own_server.invoke(clip).status_code == 200
    given_up = next(line for line in own_server.log() if line.get("id") == "abandoned")
    assert given_up["error"] == "client_disconnected"


def test_sigterm_lets_the_running_request_finish_and_exits_with_0(own_server, ask_not):
    own_server.wait_until_ready()
    with ThreadPoolExecutor(1) as pool:
        transcription = pool.submit(own_server.invoke, ask_not, accept="text/plain")
        time.sleep(0.3)
        assert own_server.stop() == 0
        answer = transcription.result()
    assert answer.status_code == 200
    assert plain(answer.text).endswith(CLIP_TEXT)


def test_sigterm_fails_requests_that_take_too_long_and_exits_with_0(tiny, tmp_path, ask_not):
    """Two that share the model, one of them in the middle of a long beam search, and one that waits."""
    asked = [{"beam_size": 10}, {}, {}]
    with Server(tmp_path, tiny, WHISPER_CONCURRENCY="2") as server, ThreadPoolExecutor(len(asked)) as pool:
        server.wait_until_ready()
        running = [pool.submit(server.with_options, long_recording(ask_not, 300), options) for options in asked]
        time.sleep(2)
        started = time.monotonic()
        assert server.stop() == 0
        # After 30 s SageMaker would have killed it, answers and all.
        assert time.monotonic() - started < 30
        answers = [request.result() for request in running]
    assert [(answer.status_code, error_code(answer)) for answer in answers] == [(503, "stopping")] * 3


def test_sigterm_while_the_model_is_loading_exits_with_0(own_server):
    wait_until(lambda: own_server.ping() is not None, "an answer of /ping")
    assert own_server.stop() == 0


def left_behind(server: Server) -> list[str]:
    return [str(path) for folder in (server.temporary, server.home) for path in folder.rglob("*")]


def test_no_file_is_left_after_success_failure_or_a_kill(own_server, ask_not):
    own_server.wait_until_ready()
    silence = recordings.wav(np.zeros(16_000 * 300))
    speech = long_recording(ask_not, 120)
    assert min(len(silence), len(speech)) > MAX_BODY_BYTES_IN_MEMORY
    assert own_server.invoke(silence, "audio/wav").status_code == 200
    assert own_server.invoke(bytes(len(speech)), "audio/wav").status_code == 400
    assert left_behind(own_server) == []
    with ThreadPoolExecutor(1) as pool:
        cut_off = pool.submit(own_server.invoke, speech)
        time.sleep(0.5)
        own_server.process.kill()
        with pytest.raises(httpx.TransportError):
            cut_off.result()
    assert left_behind(own_server) == []


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
