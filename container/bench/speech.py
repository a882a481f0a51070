"""Recorded speech with its words, for the benchmark: `python container/bench/speech.py FOLDER` builds it there.

Telephone prompts in three languages and readings of a novel in English, all from Debian's archive. Each language comes
in three shuffles: where windows end up is chance, and one order says little. FOLDER/en-1.mp3 has its words in
FOLDER/en-1.txt, and so on. Needs apt-get and dpkg-deb.

Voices: Allison Smith (English, Spanish), June Wallack (French), CC-BY-SA-3.0; LibriVox's readings are public domain.
Japanese comes from a synthesiser (japanese.py), as ja-synthetic-1.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import japanese
from sound import RATE, Prompt, decoded, write

SHUFFLES = (1, 2, 3)
VOICES = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison", "fr": "fr_CA_f_June"}
PACKAGES = [f"asterisk-core-sounds-{part}" for language in VOICES for part in (language, f"{language}-g722")]
READINGS = "pocketsphinx-testdata"
# Shorter prompts are single words and names of buttons.
LEAST_CHARACTERS = 35
# Characters a second; outside of it the text is not what is said (notes, variants, missing sentences).
PACE = (9, 20)
# What the lists spell otherwise than it is said, and what is plainly mistyped.
SPELLED = {
    "*": " star ", "umute": "unmute", "represenatives": "representatives", "thru": "through",
    "présentemnet": "présentement", "ce tte": "cette", "ingese": "ingrese",
}  # fmt: skip
# Texts with digits or signs can be said in several ways, and would count as errors of whoever hears them.
SAYABLE = re.compile(r"[^\W\d_][^\d*#()<>\[\]{}/&%$@_=+]*")


def build(folder: Path) -> None:
    """Writes NAME.mp3 and NAME.txt for each recording into `folder`, which is there only when it is whole.

    Several may build it at once. Raises CalledProcessError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        root = _unpacked(Path(scratch))
        built = Path(scratch) / "built"
        built.mkdir()
        for language, voice in VOICES.items():
            prompts = [*_prompts(root, language, voice), *(_readings(root) if language == "en" else ())]
            for shuffle in SHUFFLES:
                order = random.Random(shuffle).sample(prompts, len(prompts))  # noqa: S311 an order, not a secret
                write(built / f"{language}-{shuffle}", order)
        write(built / "ja-synthetic-1", list(japanese.prompts(root, Path(scratch))))
        publish(built, folder)


def publish(built: Path, folder: Path) -> None:
    """Puts `built` where others look for it. Who comes second keeps what is there: it is the same."""
    try:
        built.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _unpacked(scratch: Path) -> Path:
    subprocess.run(
        ["apt-get", "-qq", "download", *PACKAGES, READINGS, *japanese.PACKAGES],
        cwd=scratch,
        check=True,
        capture_output=True,
    )
    for package in scratch.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(scratch / "root")], check=True)
    return scratch / "root"


def _prompts(root: Path, language: str, voice: str) -> Iterator[Prompt]:
    """One of each text: several prompts are there two or three times."""
    said = f"asterisk-core-sounds-{language}"
    lines = gzip.decompress((root / "usr/share/doc" / said / f"core-sounds-{language}.txt.gz").read_bytes()).decode()
    seen = set()
    for line in lines.splitlines():
        name, _, text = line.partition(":")
        for found, meant in SPELLED.items():
            text = text.replace(found, meant)
        text = " ".join(text.replace("...", " ").split())
        file = root / "usr/share/asterisk/sounds" / voice / f"{name}.g722"
        if len(text) < LEAST_CHARACTERS or text in seen or not SAYABLE.fullmatch(text) or not file.is_file():
            continue
        seen.add(text)
        samples = decoded(file)
        if PACE[0] <= len(text) / (len(samples) / RATE) <= PACE[1]:
            yield Prompt(text, samples)


def _readings(root: Path) -> Iterator[Prompt]:
    folder = root / "usr/share/pocketsphinx/test/data/librivox"
    for line in (folder / "transcription").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip()):
            yield Prompt(match[1].replace("more a amiable", "more amiable"), decoded(folder / f"{match[2]}.wav"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    build(parser.parse_args().folder)
