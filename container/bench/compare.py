"""The container's inference next to the stock modes: `compare.py --model DIR --audio DIR` prints figures as JSON lines.

`--audio`: recordings, each with its text in a .txt of the same name, whose first two letters are its language. Each
recording goes through each mode in a process of its own, in turn, so that a drift of the machine's speed touches all
alike. A figure is the median of the runs, and is printed when its recording is done; progress goes to stderr. Exits
with 2 and a line that says why when it can't begin.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import av
import figures
from figures import Values
from one import MODES
from score import score

# Taken before the pipeline is imported, which tells libraries how to use threads: stock is what its users have.
ENVIRONMENT = dict(os.environ)
from pipeline.errors import ModelError  # noqa: E402
from pipeline.model import check_weights  # noqa: E402

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
    """The recordings in `folder`, by name. Exits when there are none."""
    found = []
    for text in sorted(folder.glob("*.txt")):
        beside = [file for file in sorted(folder.glob(f"{text.stem}.*")) if file.suffix != ".txt"]
        if beside:
            found.append(Recording(beside[0], text.read_text(encoding="utf-8"), length(beside[0])))
    if not found:
        refuse(f"{folder} has no recordings with their text: it needs files such as en-talk.mp3 and en-talk.txt.")
    return found


def length(file: Path) -> float:
    """Seconds. Exits when it is no recording."""
    try:
        with av.open(str(file)) as container:
            if container.streams.audio and container.duration:
                return container.duration / av.time_base
    except av.FFmpegError as error:
        refuse(f"{file} can't be read: {error.strerror}.")
    refuse(f"{file} has no audio, or does not say how long it is.")


def measured(way: Way, mode: str, file: Path) -> dict[str, Any]:
    """What one.py says of one run. Raises CalledProcessError."""
    arguments = [mode, str(file), "--model", str(way.model), "--device", way.device]
    command = [sys.executable, str(ONE), *arguments]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    took = json.loads(ended.stdout)
    print(f"{file.name} {mode}: {took['seconds']:.1f} s, {took['cpu_seconds']:.1f} s of processors", file=sys.stderr)
    return took


def refuse(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    sys.exit(2)


def run(way: Way, recording: Recording, mode: str) -> Values:
    took = measured(way, mode, recording.audio)
    counts = asdict(score(recording.text, took.pop("text"), recording.language))
    values = {**took, **counts, "times_real_time": recording.seconds / took["seconds"]}
    return {name: value for name, value in values.items() if value is not None}


def medians(runs: Sequence[Values]) -> Values:
    return {name: statistics.median(values[name] for values in runs) for name in runs[0]}


def modes(given: str) -> list[str]:
    """Of a list with commas, in the order of MODES. Exits when one is unknown."""
    chosen = given.split(",")
    if unknown := [mode for mode in chosen if mode not in MODES]:
        refuse(f"--modes: there is no mode {unknown[0]!r}, only {', '.join(MODES)}.")
    return [mode for mode in MODES if mode in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--modes", type=modes, default=MODES)
    given = parser.parse_args()
    way = Way(given.model, given.device)
    done: list[dict[str, Values]] = []
    files = recordings(given.audio)
    try:
        check_weights(given.model)
    except ModelError as error:
        refuse(str(error))
    for recording in files:
        runs = [{mode: run(way, recording, mode) for mode in given.modes} for _ in range(given.runs)]
        done.append({mode: medians([one[mode] for one in runs]) for mode in given.modes})
        figures.say(figures.of_file(recording.audio.stem, recording.seconds, done[-1], given.device))
    figures.say(figures.of_all(done, given.device))


if __name__ == "__main__":
    main()
