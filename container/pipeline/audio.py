"""Decoding: bytes of any common audio or video file to samples."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import av
import numpy as np

from pipeline.errors import RequestError

SAMPLE_RATE = 16_000

# Only formats that are one self-contained file. Others (HLS, DASH, SDP, concat lists...) make FFmpeg open what the
# body names: files of this machine, or sockets to hosts of the caller's choice.
CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mp3,mpeg,mpegts,ogg,w64,wav,wv"
)


def decode(file: BinaryIO) -> np.ndarray:
    """The first audio track as float32 samples in [-1, 1], mono, 16 kHz.

    `file` is seekable and read from its start. Packets that can't be decoded are left out, as players do.
    Raises RequestError 400 `bad_audio` when nothing can be decoded.
    """
    file.seek(0)
    try:
        with av.open(file, mode="r", metadata_errors="ignore", options={"format_whitelist": CONTAINERS}) as container:
            track = container.streams.best("audio")
            if track is None:
                raise RequestError(400, "bad_audio", "the file has no audio track")
            pieces = list(_resampled(_frames(container, track)))
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it can't be decoded"
        raise RequestError(400, "bad_audio", f"the body is not audio that can be decoded: {reason}") from error
    finally:
        # PyAV's resampler is freed by the cycle collector only: https://github.com/SYSTRAN/faster-whisper/issues/390
        gc.collect()
    if not pieces:
        raise RequestError(400, "bad_audio", "the audio track is empty or none of it can be decoded")
    return np.concatenate(pieces)


def _frames(container: av.container.InputContainer, track: av.AudioStream) -> Iterator[av.AudioFrame]:
    # Not container.decode(): its generator ends at the first damaged packet, and all that follows would be lost.
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
        except av.error.InvalidDataError:
            return  # From here on nothing that looks like a packet is found: the file's end, or garbage after it.
        if packet is None:
            return
        with suppress(av.error.FFmpegError):
            yield from packet.decode()


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[np.ndarray]:
    resampler, source = None, None
    for frame in frames:
        # A resampler takes one kind of frame; files joined from parts (advertisements, jingles) change it on the way.
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != source:
            yield from _drained(resampler)
            resampler, source = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE), kind
        frame.pts = None  # Timestamps with gaps must not stop the resampler.
        yield from (out.to_ndarray()[0] for out in resampler.resample(frame))
    yield from _drained(resampler)


def _drained(resampler: av.AudioResampler | None) -> Iterator[np.ndarray]:
    if resampler is not None:
        yield from (out.to_ndarray()[0] for out in resampler.resample(None))
