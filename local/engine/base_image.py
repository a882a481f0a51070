"""The base image for builds here: Python's official one where it can be pulled, else one of Debian's packages."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from local import processes
from local.engine import docker_cli

OFFICIAL = "python:3.12-slim-bookworm"
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
RECIPE = f"1 {SUITE} {PACKAGES}"
HOST_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PULL_SECONDS = 180
DEBOOTSTRAP_SECONDS = 900


class BaseImageError(Exception):
    """There is no base image to build on; the text says what to do."""


def ensure(docker_host: str, cache: Path, say: Callable[[str], None]) -> str:
    """The reference of a base image that is in the engine. Pulls or makes it when it is not there yet."""
    own = f"whisper-sagemaker/debian-python:{SUITE}-{_key()}"
    for reference in (OFFICIAL, own):
        if docker_cli.call(["image", "inspect", reference], host=docker_host).returncode == 0:
            return reference
    say(f"pulling {OFFICIAL}")
    pulled = docker_cli.call(["pull", "--quiet", OFFICIAL], host=docker_host, timeout=PULL_SECONDS)
    if pulled.returncode == 0:
        return OFFICIAL
    say(f"{OFFICIAL} can't be pulled here ({_last_line(pulled.stderr)}); making a base image from Debian's packages")
    rootfs = _root_file_system(cache, say)
    _import(docker_host, rootfs, own)
    return own


def _key() -> str:
    digest = hashlib.sha256(RECIPE.encode())
    if HOST_CA_BUNDLE.exists():
        digest.update(HOST_CA_BUNDLE.read_bytes())
    return digest.hexdigest()[:12]


def _root_file_system(cache: Path, say: Callable[[str], None]) -> Path:
    """A tar of Debian with Python, made once a recipe. The second of two callers waits for the first."""
    tarball = cache / "base" / f"{SUITE}-{hashlib.sha256(RECIPE.encode()).hexdigest()[:12]}.tar"
    with processes.locked(tarball.with_suffix(".lock")):
        if not tarball.exists():
            say("debootstrap: Debian with Python, about a minute, once")
            with tempfile.TemporaryDirectory(prefix="whisper-base-") as folder:
                _bootstrap(Path(folder) / "root")
                part = tarball.with_suffix(".part")
                _run(["tar", "-C", f"{folder}/root", "--numeric-owner", "-cf", str(part), "."])
                part.replace(tarball)
    return tarball


def _bootstrap(root: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise BaseImageError(
            f"{OFFICIAL} can't be pulled and there is no debootstrap to make a base image with: "
            f"allow the pull, or install debootstrap and run as root"
        )
    # In namespaces of its own: when this is interrupted, its mounts and children end with it.
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    _run([*isolated, "debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)])
    for leftovers in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / leftovers, ignore_errors=True)
        (root / leftovers / "partial").mkdir(parents=True)


def _import(docker_host: str, rootfs: Path, reference: str) -> None:
    plain = reference + "-plain"
    docker_cli.check(["import", str(rootfs), plain], host=docker_host, timeout=300)
    with tempfile.TemporaryDirectory(prefix="whisper-base-") as folder:
        # A base for tests only: it trusts what this machine trusts, so pip in a build works where pip on the host does.
        lines = [f"FROM {plain}"]
        if HOST_CA_BUNDLE.exists():
            shutil.copy(HOST_CA_BUNDLE, Path(folder) / "ca-certificates.crt")
            lines.append(f"COPY ca-certificates.crt {HOST_CA_BUNDLE}")
        (Path(folder) / "Dockerfile").write_text("\n".join(lines) + "\n")
        docker_cli.check(["build", "--quiet", "--tag", reference, folder], host=docker_host)
    docker_cli.check(["rmi", plain], host=docker_host)


def _run(argv: list[str]) -> None:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEBOOTSTRAP_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BaseImageError(f"{argv[0]} did not end in {DEBOOTSTRAP_SECONDS} s") from error
    if done.returncode != 0:
        raise BaseImageError(f"{argv[0]} failed ({done.returncode}): {_last_line(done.stdout)}")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1]
