"""The container's inference next to the stock modes: `compare.py --model DIR --audio DIR` prints figures as JSON lines.

`--audio`: recordings, each with its text in a .txt of the same name, whose first two letters are its language. Each
recording goes through each mode in a process of its own, in turn, so that a drift of the machine's speed touches all
alike. A figure is the median of the runs; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import figures
from figures import Values
from one import MODES
from score import score

ONE = Path(__file__).with_name("one.py")
RUNS = 3


@dataclass(frozen=True)
class Recording:
    audio: Path
    text: str
    seconds: float

    @property
    def language(self) -> str:
        return self.audio.name[:2]


@dataclass(frozen=True)
class Way:
    """How recordings are transcribed."""

    model: Path
    device: str


def recordings(folder: Path) -> list[Recording]:
    """The recordings in `folder`, by name. Exits with a message when there are none."""
    found = []
    for text in sorted(folder.glob("*.txt")):
        beside = [file for file in sorted(folder.glob(f"{text.stem}.*")) if file.suffix != ".txt"]
        if beside:
            found.append(Recording(beside[0], text.read_text(encoding="utf-8"), length(beside[0])))
    if not found:
        sys.exit(f"{folder} has no recordings with their text: it needs files such as en-talk.mp3 and en-talk.txt.")
    return found


def length(file: Path) -> float:
    """Seconds."""
    with av.open(str(file)) as container:
        return container.duration / av.time_base


def measured(way: Way, mode: str, file: Path) -> dict[str, Any]:
    """What one.py says of one run. Raises CalledProcessError."""
    arguments = [mode, str(file), "--model", str(way.model), "--device", way.device]
    ended = subprocess.run([sys.executable, str(ONE), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    took = json.loads(ended.stdout)
    print(f"{file.name} {mode}: {took['seconds']:.1f} s, {took['cpu_seconds']:.1f} s of processors", file=sys.stderr)
    return took


def run(way: Way, recording: Recording, mode: str) -> Values:
    took = measured(way, mode, recording.audio)
    counts = asdict(score(recording.text, took.pop("text"), recording.language))
    values = {**took, **counts, "times_real_time": recording.seconds / took["seconds"]}
    return {name: value for name, value in values.items() if value is not None}


def medians(runs: Sequence[Values]) -> Values:
    return {name: statistics.median(values[name] for values in runs) for name in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    way = Way(given.model, given.device)
    files = recordings(given.audio)
    runs: list[list[dict[str, Values]]] = [[] for _ in files]
    for _ in range(given.runs):
        for recording, of_recording in zip(files, runs, strict=True):
            of_recording.append({mode: run(way, recording, mode) for mode in MODES})
    found = [{mode: medians([one[mode] for one in of_recording]) for mode in MODES} for of_recording in runs]
    for recording, values in zip(files, found, strict=True):
        figures.say(figures.of_file(recording.audio.stem, recording.seconds, values, given.device))
    figures.say(figures.of_all(found, given.device))


if __name__ == "__main__":
    main()
