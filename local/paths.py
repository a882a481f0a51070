"""Folders of the repository that the local AWS runs or packs, and the cache."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY_ROOT = Path(__file__).parent.parent
CONTAINER_FOLDER = REPOSITORY_ROOT / "container"
INSTANT_FOLDER = REPOSITORY_ROOT / "local" / "instant"
# The container's own code with which the instant server reads requests.
INSTANT_SHARES = tuple(
    CONTAINER_FOLDER / "pipeline" / f"{name}.py" for name in ("__init__", "errors", "media", "options")
)


def cache_dir() -> Path:
    """Where all that can be made again lives: WHISPER_CACHE, else the user's cache folder (XDG base directories)."""
    if own := os.environ.get("WHISPER_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper-sagemaker"
