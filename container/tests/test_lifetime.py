"""Several requests at once, callers that go away, and the server's end."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import recordings
from conftest import SPEECH
from running import Server, error_code, wait_until
from words import letters

from serving.app import MAX_BODY_BYTES_IN_MEMORY

CLIP_TEXT = "ask what you can do for your country"


def test_requests_at_once_get_the_texts_that_they_get_alone(tiny, tmp_path, ask_not, clip):
    sense = (SPEECH / "sense-and-sensibility.mp3").read_bytes()
    words, beam = {"word_timestamps": True}, {"beam_size": 2, "temperature": 0}
    asked = [(ask_not, {}), (sense, {}), (clip, words), (sense, beam), (ask_not, beam), (clip + ask_not + clip, {})]
    with Server(tmp_path, tiny, WHISPER_CONCURRENCY=str(len(asked))) as server, ThreadPoolExecutor(len(asked)) as pool:
        server.wait_until_ready()
        at_once = list(pool.map(lambda one: server.with_options(*one).json(), asked))
        alone = [server.with_options(*one).json() for one in asked]
    assert [without_numbers(one) for one in at_once] == [without_numbers(one) for one in alone]
    assert len({letters(one["segments"][0]["text"]) for one in at_once}) >= 3


def without_numbers(transcript: dict) -> list[tuple[str, list[str]]]:
    """Text and words: of the probabilities the last digits depend on the other windows in a batch."""
    return [
        (segment["text"], [word["word"] for word in segment.get("words", [])]) for segment in transcript["segments"]
    ]


def test_only_a_short_line_waits_and_the_rest_is_told_to_come_back(own_server, ask_not):
    own_server.wait_until_ready()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(own_server.invoke, [recordings.repeated(ask_not, 2)] * 8))
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


def test_what_nobody_waits_for_any_more_is_not_transcribed_to_its_end(own_server, clip):
    own_server.wait_until_ready()
    headers = {"content-type": "audio/mpeg", "x-amzn-sagemaker-inference-id": "abandoned"}
    # Ten hours: they would take minutes.
    silence = recordings.wav(np.zeros(36_000 * 1000), rate=1000)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{own_server.url}/invocations",
            content=silence,
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
    assert letters(answer.text).endswith(CLIP_TEXT)


def test_sigterm_fails_requests_that_take_too_long_and_exits_with_0(tiny, tmp_path, ask_not):
    """Two that share the model, one of them in the middle of a long beam search, and one that waits."""
    asked = [{"beam_size": 10}, {}, {}]
    with Server(tmp_path, tiny, WHISPER_CONCURRENCY="2") as server, ThreadPoolExecutor(len(asked)) as pool:
        server.wait_until_ready()
        running = [pool.submit(server.with_options, recordings.repeated(ask_not, 300), options) for options in asked]
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
    speech = recordings.repeated(ask_not, 120)
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
