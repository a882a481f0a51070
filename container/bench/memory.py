"""Memory by a recording's length: `memory.py FILE --model DIR` prints figures as JSON lines.

FILE, an mp3, is repeated to ten minutes and to three hours, as mp3 and as wav; each goes through ours in a process of
its own. What a file needs above another is the pipeline's, not the weights': small weights say as much as large ones.
"""

from __future__ import annotations

import argparse
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import figures
from compare import Way, measured
from sound import RATE, decoded

MINUTES = (10, 180)
KINDS = ("mp3", "wav")


def repeated(source: Path, target: Path, seconds: int) -> None:
    """`source`, an mp3, again and again for `seconds`: its packets as they are, or for a wav its samples."""
    (_packets if target.suffix == ".mp3" else _samples)(source, target, seconds)


def _packets(source: Path, target: Path, seconds: int) -> None:
    track, position = None, 0
    with av.open(str(target), mode="w") as file:
        while True:
            with av.open(str(source)) as opened:
                audio = opened.streams.audio[0]
                track = track or file.add_stream_from_template(audio)
                # The last packet is an empty one, which ends a decoder's stream.
                for packet in (packet for packet in opened.demux(audio) if packet.size):
                    packet.stream, packet.pts, packet.dts = track, position, position
                    position += packet.duration
                    if position * packet.time_base >= seconds:
                        return
                    file.mux(packet)


def _samples(source: Path, target: Path, seconds: int) -> None:
    samples = decoded(source).astype("<i2")
    missing = seconds * RATE
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        while missing:
            part = samples[:missing]
            file.writeframes(part.tobytes())
            missing -= len(part)


def measure(source: Path, way: Way) -> Iterator[figures.Figure]:
    """The figures of both kinds. Raises CalledProcessError."""
    for kind in KINDS:
        found = {}
        for minutes in MINUTES:
            # Three hours of wav are 350 MB: one file at a time.
            with tempfile.TemporaryDirectory() as scratch:
                file = Path(scratch) / f"{minutes}-minutes.{kind}"
                repeated(source, file, minutes * 60)
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
