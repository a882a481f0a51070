"""The images in the engine: the instant one, and what is kept of a run's images so that the next run builds quickly."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.engine import docker_cli
from local.paths import INSTANT_FOLDER, INSTANT_SHARES

KEPT = "whisper-sagemaker/kept"
NONE = "<none>"
KEPT_IMAGES = 3
"""Builds of which the layers stay in a private engine's data root; each is about 700 MB, most of it shared."""


def build_instant(docker_host: str, base_image: str, variant: str = "1") -> str:
    """The reference of the instant image on this base; another `variant` gives another digest."""
    content = hashlib.sha256(f"{base_image} {variant}".encode())
    own = [path for path in sorted(INSTANT_FOLDER.iterdir()) if path.is_file()]
    for path in (*own, *INSTANT_SHARES):
        content.update(path.read_bytes())
    reference = f"whisper-sagemaker/instant:{content.hexdigest()[:12]}"
    if docker_cli.call(["image", "inspect", reference], host=docker_host).returncode != 0:
        with tempfile.TemporaryDirectory(prefix="whisper-instant-") as folder:
            context = Path(folder)
            for path in own:
                shutil.copy(path, context)
            (context / "pipeline").mkdir()
            for path in INSTANT_SHARES:
                shutil.copy(path, context / "pipeline")
            args = ["build", "--quiet", "--build-arg", f"BASE_IMAGE={base_image}", "--build-arg", f"VARIANT={variant}"]
            docker_cli.check([*args, "--tag", reference, context], host=docker_host)
    return reference


def forget_registry(docker_host: str, registry: str, *, keep: bool) -> None:
    """Removes every tag of one registry. With `keep`, the images stay under a name of ours, for their layers."""
    mine = [image for image in _images(docker_host) if image.repository.startswith(f"{registry}/")]
    if keep:
        for digest in dict.fromkeys(image.id for image in mine):
            docker_cli.call(["tag", digest, f"{KEPT}:{digest.removeprefix('sha256:')[:12]}"], host=docker_host)
    _remove(docker_host, mine)


def drop_old(docker_host: str) -> None:
    """Bounds a private engine's data root: the newest images of each name of ours stay, and the layers they need."""
    by_repository: dict[str, list[Image]] = {}
    for image in _images(docker_host):
        if image.repository.startswith("whisper-sagemaker/"):
            by_repository.setdefault(image.repository, []).append(image)
    # `docker image ls` lists the newest first.
    _remove(docker_host, [image for images in by_repository.values() for image in images[KEPT_IMAGES:]])
    docker_cli.call(["image", "prune", "--force"], host=docker_host)


@dataclass(frozen=True)
class Image:
    repository: str
    tag: str
    digest: str
    id: str

    @property
    def references(self) -> list[str]:
        """The names it has in its repository; docker prints <none> for one that is not there."""
        tagged = [] if self.tag == NONE else [f"{self.repository}:{self.tag}"]
        return tagged or ([] if self.digest == NONE else [f"{self.repository}@{self.digest}"])


def _images(docker_host: str) -> list[Image]:
    line = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}"
    listed = docker_cli.check(["image", "ls", "--digests", "--no-trunc", "--format", line], host=docker_host)
    return [Image(*words.split(" ")) for words in listed.splitlines()]


def _remove(docker_host: str, images: list[Image]) -> None:
    references = dict.fromkeys(reference for image in images for reference in image.references)
    if references:
        docker_cli.call(["image", "rm", *references], host=docker_host)
