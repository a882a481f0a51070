"""Artifacts of one workflow run on disk: DIR/<id>/<name>, with `.zip` for an archive."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path


class Refused(Exception):
    """`code` is one of twirp's error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Artifact:
    id: int
    name: str
    mime_type: str
    created_at: str
    folder: Path
    size: int = 0
    sha256: str = ""
    final: bool = False

    @property
    def content(self) -> Path:
        return self.folder / (f"{self.name}.zip" if self.mime_type == "application/zip" else self.name)


class Store:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._artifacts: dict[int, Artifact] = {}
        self._last = 0

    def create(self, name: str, mime_type: str) -> Artifact:
        if not name or name in (".", "..") or re.search(r'["<>|*?\r\n\\/:]', name):
            raise Refused("invalid_argument", f"an artifact can't have the name {name!r}")
        with self._lock:
            if any(artifact.name == name for artifact in self._artifacts.values()):
                raise Refused("already_exists", f"an artifact named {name} already exists on the workflow run")
            self._last += 1
            number = self._last
            folder = self._directory / str(number)
            (folder / "blocks").mkdir(parents=True)
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            artifact = Artifact(number, name, mime_type, now, folder)
            self._artifacts[number] = artifact
        return artifact

    def open_upload(self, number: int) -> Artifact:
        """The artifact that still takes content. Raises Refused."""
        artifact = self._artifacts.get(number)
        if artifact is None or artifact.final:
            raise Refused("permission_denied", "this address takes no content: its artifact is absent or final")
        return artifact

    def put_block(self, artifact: Artifact, block_id: str, content: bytes) -> None:
        _block_file(artifact, block_id).write_bytes(content)

    def commit(self, artifact: Artifact, block_ids: Iterable[str]) -> None:
        """Makes the blocks, in this order, the content."""
        blocks = [_block_file(artifact, block_id) for block_id in block_ids]
        if not all(block.exists() for block in blocks):
            raise Refused("invalid_argument", "the block list names a block that was not sent")
        digest = hashlib.sha256()
        with artifact.content.open("wb") as whole:
            for block in blocks:
                content = block.read_bytes()
                digest.update(content)
                whole.write(content)
            artifact.size = whole.tell()
        artifact.sha256 = digest.hexdigest()

    def finalize(self, name: str, size: int, digest: str | None) -> Artifact:
        with self._lock:
            artifact = self._named(name)
            if artifact.final or not artifact.sha256:
                raise Refused("failed_precondition", f"{name} has no content, or is final already")
            if size != artifact.size:
                raise Refused("invalid_argument", f"size {size} is not what was sent: {artifact.size} bytes")
            if digest != f"sha256:{artifact.sha256}":
                raise Refused("invalid_argument", f"hash {digest} is not what was sent: sha256:{artifact.sha256}")
            artifact.final = True
            shutil.rmtree(artifact.folder / "blocks")
            return artifact

    def listed(self, name: str | None = None, number: int | None = None) -> list[Artifact]:
        return [
            artifact
            for artifact in self._artifacts.values()
            if artifact.final and name in (None, artifact.name) and number in (None, artifact.id)
        ]

    def get(self, name: str) -> Artifact:
        """A final one. Raises Refused."""
        artifact = self._named(name)
        if not artifact.final:
            raise Refused("not_found", f"the artifact {name} is not final")
        return artifact

    def delete(self, name: str) -> Artifact:
        with self._lock:
            artifact = self._named(name)
            shutil.rmtree(artifact.folder)
            del self._artifacts[artifact.id]
            return artifact

    def _named(self, name: str) -> Artifact:
        for artifact in self._artifacts.values():
            if artifact.name == name:
                return artifact
        raise Refused("not_found", f"there is no artifact {name}")


def _block_file(artifact: Artifact, block_id: str) -> Path:
    # A block's id is the client's: it must not become a path.
    return artifact.folder / "blocks" / hashlib.sha256(block_id.encode()).hexdigest()
