"""Decoding."""

import io
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import recordings

from pipeline import audio
from pipeline.errors import RequestError

SECONDS = 11.0


@pytest.mark.parametrize("kind", recordings.KINDS)
def test_every_kind_decodes_to_the_same_sound(ask_not, kind):
    samples = audio.decode(io.BytesIO(recordings.encode(ask_not, kind)))
    original = audio.decode(io.BytesIO(ask_not))
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) / audio.SAMPLE_RATE == pytest.approx(SECONDS, abs=0.2)
    assert _loudness(samples) == pytest.approx(_loudness(original), rel=0.1)


def _loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize("kind", recordings.KINDS)
def test_a_damaged_part_does_not_lose_what_follows(ask_not, kind):
    damaged = bytearray(recordings.encode(ask_not, kind))
    third = len(damaged) // 3
    damaged[third : third + 3_000] = np.random.default_rng(1).bytes(3_000)
    samples = audio.decode(io.BytesIO(damaged))
    assert len(samples) / audio.SAMPLE_RATE > SECONDS - 2


def test_a_file_joined_from_different_parts_decodes_to_its_end(clip, ask_not):
    parts = [recordings.encode(clip, "mp3"), ask_not]
    samples = audio.decode(io.BytesIO(b"".join(parts)))
    assert len(samples) / audio.SAMPLE_RATE == pytest.approx(2.8 + SECONDS, abs=0.5)


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"not audio " * 1000, bytes(100_000), b"<html><body>502 Bad Gateway</body></html>"],
    ids=["empty", "one byte", "text", "zeros", "an error page"],
)
def test_what_is_not_audio_is_refused(body):
    _assert_refused(body)


def test_noise_is_refused():
    _assert_refused(np.random.default_rng(1).bytes(200_000))


def test_a_video_without_sound_is_refused_by_name():
    assert "no audio track" in _assert_refused(recordings.silent_video())


def test_an_empty_track_is_refused():
    assert "empty" in _assert_refused(recordings.wav(np.zeros(0)))


def test_a_damaged_rate_does_not_make_days_of_a_minute():
    sound = recordings.wav(np.zeros(16_000))
    # The rate's place in a WAV file's header (RIFF, "fmt ").
    assert "1 samples a second" in _assert_refused(sound[:24] + (1).to_bytes(4, "little") + sound[28:])


@pytest.mark.parametrize("kind", ["hls", "concat", "dash", "sdp"])
def test_a_body_that_names_other_places_opens_none_of_them(kind, ask_not, tmp_path):
    """Playlists make FFmpeg read files of the host, call other hosts and listen for streams."""
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(ask_not)
    with socket.create_server(("127.0.0.1", 0)) as web, socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        stream = probe.getsockname()[1]
        probe.close()
        place = f"http://127.0.0.1:{web.getsockname()[1]}/part.ts"
        bodies = {
            "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{place}\n#EXTINF:10,\nfile://{secret}\n",
            "concat": f"ffconcat version 1.0\nfile '{secret}'\nfile '{place}'\n",
            "dash": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
            f'<Representation id="1"><BaseURL>{place}</BaseURL></Representation></AdaptationSet></Period></MPD>',
            "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {stream} RTP/AVP 0\n",
        }
        with ThreadPoolExecutor(1) as pool:
            decoding = pool.submit(_assert_refused, bodies[kind].encode())
            while not decoding.done():
                assert not _is_listened_on(stream)
            decoding.result()
        web.setblocking(False)
        with pytest.raises(BlockingIOError):
            web.accept()


def _is_listened_on(port: int) -> bool:
    """Whether a process of this machine receives UDP on `port` (proc_net_udp: the local address is in hexadecimal)."""
    return any(f":{port:04X} 00000000" in line for line in Path("/proc/net/udp").read_text().splitlines())


def _assert_refused(body: bytes) -> str:
    with pytest.raises(RequestError) as caught:
        audio.decode(io.BytesIO(body))
    assert (caught.value.status_code, caught.value.code) == (400, "bad_audio")
    return caught.value.message
