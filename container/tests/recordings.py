"""Makes recordings of other kinds out of one, with PyAV alone."""

from __future__ import annotations

import io
import wave
from fractions import Fraction

import av
import numpy as np

# name -> (container, codec, Content-Type, samples a second, channels)
KINDS = {
    "wav": ("wav", "pcm_s16le", "audio/wav", 44_100, "stereo"),
    "mp3": ("mp3", "libmp3lame", "audio/mpeg", 44_100, "stereo"),
    "flac": ("flac", "flac", "audio/flac", 96_000, "mono"),
    "ogg-vorbis": ("ogg", "vorbis", "audio/ogg", 44_100, "stereo"),
    "ogg-opus": ("ogg", "libopus", "audio/ogg", 48_000, "mono"),
    "m4a": ("ipod", "aac", "audio/mp4", 44_100, "stereo"),
    "mp4": ("mp4", "aac", "video/mp4", 48_000, "5.1"),
    "webm": ("webm", "libopus", "audio/webm", 48_000, "stereo"),
    "aac": ("adts", "aac", "audio/aac", 22_050, "mono"),
    "wma": ("asf", "wmav2", "audio/x-ms-wma", 44_100, "mono"),
    "aiff": ("aiff", "pcm_s16be", "audio/aiff", 8_000, "mono"),
}


def encode(recording: bytes, kind: str) -> bytes:
    """`recording`, in any format, as one of KINDS."""
    container, codec, _, rate, layout = KINDS[kind]
    file = io.BytesIO()
    with av.open(io.BytesIO(recording)) as source, av.open(file, mode="w", format=container) as target:
        # FFmpeg calls its Vorbis encoder experimental.
        track = target.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})
        track.bit_rate = 96_000
        target.start_encoding()
        resampler = av.AudioResampler(track.format, layout, rate, frame_size=track.codec_context.frame_size or 1024)
        for frame in [*source.decode(audio=0), None]:
            for resampled in resampler.resample(frame):
                target.mux(track.encode(resampled))
        target.mux(track.encode(None))
    return file.getvalue()


def repeated(recording: bytes, times: int) -> bytes:
    """MP3 files put one after the other are one MP3 file."""
    return recording * times


def wav(samples: np.ndarray, rate: int = 16_000) -> bytes:
    """`samples` in [-1, 1]: mono, or one row a channel."""
    channels = np.atleast_2d(samples)
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(len(channels))
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes((channels.T * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    return file.getvalue()


def silent_video() -> bytes:
    """A video without an audio track."""
    file = io.BytesIO()
    with av.open(file, mode="w", format="mp4") as target:
        track = target.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt, track.time_base = 32, 32, "yuv420p", Fraction(1, 10)
        for _ in range(5):
            target.mux(track.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        target.mux(track.encode(None))
    return file.getvalue()
