"""The state folder of one `script/aws up`, and the folders it shares with others."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.paths import cache_dir

FILE = "state.json"


def state_id(state: Path) -> str:
    """12 hex digits that tell one state folder's containers and locks from another's, also after a crash."""
    return hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]


class NotAStateFolder(Exception):
    """--state names a folder with other things in it, which `down` would delete."""


@dataclass
class State:
    """What `up` has started so far. It holds secrets: only its owner can read it."""

    engine: str = ""
    """docker | process; empty until it is chosen."""
    engine_note: str = ""
    docker_host: str = ""
    registry: str = ""
    """HOST:PORT of the registry itself."""
    ecr: str = ""
    """HOST:PORT that the images of the local ECR carry: the server's gate before the registry."""
    env: dict[str, str] = field(default_factory=dict)
    """What `up` prints; complete only when everything is ready."""


def lock_file(folder: Path) -> Path:
    """Outside the state folder, which `down` removes."""
    return cache_dir() / "locks" / f"aws-{state_id(folder)}"


def create(folder: Path) -> None:
    """Makes the folder ready for `up`. Raises NotAStateFolder when something else is in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / FILE).exists():
        raise NotAStateFolder(f"--state {folder} is not empty and was not made by `script/aws up`; name another folder")
    folder.chmod(0o700)
    write(folder, State())


def read(folder: Path) -> State | None:
    """None when nothing was started in this folder."""
    try:
        return State(**json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return None


def write(folder: Path, state: State) -> None:
    part = folder / f"{FILE}.part"
    part.touch(mode=0o600)
    part.write_text(json.dumps(asdict(state), indent=1))
    part.replace(folder / FILE)


def remove(folder: Path) -> None:
    shutil.rmtree(folder)
