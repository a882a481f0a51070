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
MOST_CHANNELS = 8
# Samples a second; nobody records fewer. A damaged header that says 1 would make days out of a minute.
LEAST_RATE = 1000

# Only formats that are one self-contained file. Others (HLS, DASH, SDP, concat lists...) make FFmpeg open what the
# body names: files of this machine, or sockets to hosts of the caller's choice.
CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mp3,mpeg,mpegts,ogg,w64,wav,wv"
)


def blocks(file: BinaryIO) -> Iterator[np.ndarray]:
    """The first audio track as float32 samples in [-1, 1], mono, 16 kHz, in blocks as they are decoded.

    `file` is seekable and read from its start. Packets that can't be decoded are left out, as players do.
    Raises RequestError 400 `bad_audio` when nothing can be decoded.
    """
    for frame in _decoded(file, "flt", "mono"):
        yield frame.to_ndarray()[0]


def decode(file: BinaryIO) -> np.ndarray:
    """All of blocks() at once."""
    return np.concatenate(list(blocks(file)))


def decode_channels(file: BinaryIO, into: BinaryIO) -> list[np.ndarray]:
    """Each channel of the first audio track as int16 samples at 16 kHz, which are in the empty file `into`.

    How many there are is what the track begins with; what follows is mixed to as many. Raises RequestError 400
    `bad_audio` as blocks() does, and `bad_options` when there are more than MOST_CHANNELS.
    """
    channels = 0
    for frame in _decoded(file, "s16", None):
        into.write(frame.to_ndarray().data)
        channels = frame.layout.nb_channels
    into.flush()
    # Mapped, so that the system has in memory what is being worked on, and not hours of several channels.
    return list(np.memmap(into, dtype=np.int16, mode="r+").reshape(-1, channels).T)


def _decoded(file: BinaryIO, sample_format: str, layout: str | None) -> Iterator[av.AudioFrame]:
    """The track's frames; `layout` None is the track's own.

    Always a packed format: PyAV 18.1 reads beyond the end of the planes of a frame with eight of them.
    """
    file.seek(0)
    empty = True
    try:
        with av.open(file, mode="r", metadata_errors="ignore", options={"format_whitelist": CONTAINERS}) as container:
            track = container.streams.best("audio")
            if track is None:
                raise RequestError(400, "bad_audio", "the file has no audio track")
            for frame in _resampled(_frames(container, track), sample_format, layout):
                empty = empty and not frame.samples
                yield frame
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it can't be decoded"
        raise RequestError(400, "bad_audio", f"the body is not audio that can be decoded: {reason}") from error
    finally:
        # PyAV's resampler is freed by the cycle collector only: https://github.com/SYSTRAN/faster-whisper/issues/390
        gc.collect()
    if empty:
        raise RequestError(400, "bad_audio", "the audio track is empty or none of it can be decoded")


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


def _resampled(
    frames: Iterator[av.AudioFrame], sample_format: str, layout: str | av.AudioLayout | None
) -> Iterator[av.AudioFrame]:
    resampler, source = None, None
    for frame in frames:
        if layout is None:
            layout = _checked(frame.layout)
        # A resampler takes one kind of frame; files joined from parts (advertisements, jingles) change it on the way.
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != source:
            if frame.sample_rate < LEAST_RATE:
                raise RequestError(400, "bad_audio", f"the audio track has {frame.sample_rate} samples a second")
            yield from _drained(resampler)
            resampler, source = av.AudioResampler(format=sample_format, layout=layout, rate=SAMPLE_RATE), kind
        frame.pts = None  # Timestamps with gaps must not stop the resampler.
        yield from resampler.resample(frame)
    yield from _drained(resampler)


def _drained(resampler: av.AudioResampler | None) -> Iterator[av.AudioFrame]:
    if resampler is not None:
        yield from resampler.resample(None)


def _checked(layout: av.AudioLayout) -> av.AudioLayout:
    if layout.nb_channels > MOST_CHANNELS:
        found = f"the recording has {layout.nb_channels}"
        raise RequestError(400, "bad_options", f"channels: split takes {MOST_CHANNELS} channels at most; {found}")
    return layout
