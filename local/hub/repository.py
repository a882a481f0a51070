"""A folder of weights as a repository: entries, object ids and commit, as git and Git LFS would name them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

LFS_SUFFIXES = (".bin", ".safetensors", ".onnx", ".pt", ".h5")
LFS_SIZE = 10 * 1024 * 1024
"""Bytes from which the hub wants a file in LFS, whatever its name."""


BLOCK = 1 << 20


class Content(Protocol):
    """What a file of a repository holds."""

    @property
    def size(self) -> int:
        """Bytes."""

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, a block at a time."""


@dataclass(frozen=True)
class Stored:
    """A file on disk."""

    file: Path

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        with self.file.open("rb") as stream:
            stream.seek(start)
            while start < end:
                block = stream.read(min(BLOCK, end - start))
                start += len(block)
                yield block


_FILLING = hashlib.shake_128(b"weights").digest(BLOCK - 8)


@dataclass(frozen=True)
class Generated:
    """A file of any size that is on no disk: `begin`, then blocks that carry their number, so that no two are alike."""

    size: int
    begin: bytes = b""

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            number, offset = divmod(start, BLOCK)
            block = (self.begin if number == 0 else b"") + number.to_bytes(8, "big") + _FILLING
            block = block[offset : min(BLOCK, offset + end - start)]
            start += len(block)
            yield block


@dataclass(frozen=True)
class Entry:
    path: str
    content: Content
    size: int
    oid: str
    """git's object id: of the content, or of the pointer file when it is in LFS."""
    sha256: str | None
    """Of the content; only for a file in LFS."""
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid

    def as_json(self) -> dict[str, Any]:
        item: dict[str, Any] = {"type": "file", "oid": self.oid, "size": self.size, "path": self.path}
        if self.sha256 is not None:
            item["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": self.pointer_size}
        return item


@dataclass(frozen=True)
class Repository:
    name: str
    entries: dict[str, Entry]
    commit: str
    token: str | None
    """Who has none may see the list, but no file (a gated repository)."""

    def tree(self, folder: str, recursive: bool) -> list[dict[str, Any]]:
        """What the tree endpoint lists; empty when there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        listed: dict[str, dict[str, Any]] = {}
        for path, entry in self.entries.items():
            if not path.startswith(prefix):
                continue
            parents = path[len(prefix) :].split("/")[:-1]
            for depth in range(1, len(parents) + 1):
                parent = prefix + "/".join(parents[:depth])
                if recursive or depth == 1:
                    listed[parent] = {"type": "directory", "oid": _sha1(parent.encode()), "size": 0, "path": parent}
            if recursive or not parents:
                listed[path] = entry.as_json()
        return [listed[path] for path in sorted(listed)]


def open_repository(name: str, folder: Path, token: str | None = None) -> Repository:
    """Reads every file once, for its hash. Raises FileNotFoundError when there is no such folder."""
    if not folder.is_dir():
        raise FileNotFoundError(f"the repository {name} needs a folder: {folder} is none")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _repository(name, [_entry(path.relative_to(folder).as_posix(), Stored(path)) for path in files], token)


def generated_repository(name: str, size: int) -> Repository:
    """A model whose weights have `size` bytes; the files beside them are empty JSON."""
    small = ("config.json", "tokenizer.json", "vocabulary.json")
    entries = [_entry(path, Generated(2, b"{}")) for path in small]
    return _repository(name, [*entries, _entry("model.bin", Generated(size))], None)


def _repository(name: str, entries: list[Entry], token: str | None) -> Repository:
    commit = _sha1("\n".join(f"{entry.oid} {entry.path}" for entry in entries).encode())
    return Repository(name, {entry.path: entry for entry in entries}, commit, token)


def _entry(path: str, content: Content) -> Entry:
    size = content.size
    if size < LFS_SIZE and not path.endswith(LFS_SUFFIXES):
        return Entry(path, content, size, _blob_oid(b"".join(content.blocks(0, size))), None)
    digest = hashlib.sha256()
    for block in content.blocks(0, size):
        digest.update(block)
    sha256 = digest.hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return Entry(path, content, size, _blob_oid(pointer), sha256, len(pointer))


def _blob_oid(content: bytes) -> str:
    return _sha1(b"blob %d\0" % len(content) + content)


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
