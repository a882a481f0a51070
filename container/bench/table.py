"""The table of docs/inference.md: `script/bench container --json | python container/bench/table.py`."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

from one import MODES


def main() -> None:
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for line in sys.stdin:
        figure = json.loads(line)
        file, _, mode = figure["case"].rpartition("/")
        if mode in MODES and file:
            found[file][mode][figure["metric"]] = figure["value"]
    columns = [mode for mode in MODES if any(mode in modes for modes in found.values())]
    print(f"| file | {' | '.join(columns)} |")
    print(f"| --- |{' --- |' * len(columns)}")
    for file, modes in found.items():
        if all("wer" in modes[mode] for mode in columns):
            print(f"| {file} | {' | '.join(_cell(modes[mode]) for mode in columns)} |")


def _cell(values: dict[str, float]) -> str:
    """Errors, deleted words (the most in a row), speed, processor seconds."""
    errors = f"{values['wer']:.2f} % ({values['deleted_words']:.0f}, {values['longest_deletion']:.0f})"
    return f"{errors}, {values['times_real_time']:.1f} x, {values['cpu_seconds']:.0f} s"


if __name__ == "__main__":
    main()
