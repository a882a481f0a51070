"""Memory by a recording's length: `memory.py FILE --model DIR` prints figures as JSON lines.

FILE is repeated to ten minutes and to three hours, as mp3 and as wav, and each goes through ours in a process of its own.
What a file needs above another is the pipeline's, not the weights', so small weights say as much as large ones.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import figures
from compare import Way, measured

MINUTES = (10, 180)
KINDS = ("mp3", "wav")


def repeated(source: Path, target: Path, minutes: int) -> None:
    """`source`, an mp3 of one channel, again and again for `minutes`: its packets as they are, or decoded for a wav."""
    with av.open(str(target), mode="w") as file:
        if target.suffix == ".mp3":
            _copied(source, file, minutes * 60)
        else:
            _decoded(source, file, minutes * 60)


def _copied(source: Path, file: av.container.OutputContainer, seconds: int) -> None:
    track, position = None, 0
    while True:
        with av.open(str(source)) as opened:
            audio = opened.streams.audio[0]
            track = track or file.add_stream_from_template(audio)
            for packet in opened.demux(audio):
                if packet.dts is None:
                    continue
                packet.stream, packet.pts, packet.dts = track, position, position
                position += packet.duration
                if position * packet.time_base >= seconds:
                    return
                file.mux(packet)


def _decoded(source: Path, file: av.container.OutputContainer, seconds: int) -> None:
    track, position = None, 0
    while True:
        with av.open(str(source)) as opened:
            for frame in opened.decode(audio=0):
                track = track or file.add_stream("pcm_s16le", rate=frame.sample_rate, layout="mono")
                resampler = av.AudioResampler("s16", "mono", frame.sample_rate)
                for samples in resampler.resample(frame):
                    samples.pts, samples.time_base = position, Fraction(1, frame.sample_rate)
                    position += samples.samples
                    file.mux(track.encode(samples))
                if position >= seconds * frame.sample_rate:
                    return


def measure(source: Path, way: Way) -> Iterator[figures.Figure]:
    """The figures of both kinds. Raises CalledProcessError."""
    for kind in KINDS:
        found = {}
        for minutes in MINUTES:
            # Three hours of wav are 350 MB: one file at a time.
            with tempfile.TemporaryDirectory() as scratch:
                file = Path(scratch) / f"{minutes}-minutes.{kind}"
                repeated(source, file, minutes)
                took = measured(way, "ours", file)
            found[minutes] = {name: took[name] for name in ("peak_rss_mb", "loaded_rss_mb", "cpu_seconds")}
        yield from figures.of_memory(kind, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    figures.say(measure(given.file, Way(given.model, given.device)))


if __name__ == "__main__":
    main()
