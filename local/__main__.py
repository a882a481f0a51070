"""`python -m local up|down|status`; script/aws calls it with the packages it needs."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from local import state, status
from local.down import down
from local.engine.base_image import BaseImageError
from local.engine.docker_cli import DockerError
from local.paths import cache_dir
from local.processes import ProcessFailed
from local.state import NotAStateFolder
from local.up import up


def say(text: str) -> None:
    print(f"aws: {text}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/aws", description="AWS on this machine, for tests and demos.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in (
        ("up", "start it (if it isn't running) and print the environment to export"),
        ("down", "stop it and remove what it made"),
        ("status", "say how each part is; exit status 0 when all run, 3 when not"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        default = cache_dir() / "aws"
        command.add_argument("--state", type=Path, default=default, help="state folder (default: %(default)s)")
        if name == "status":
            command.add_argument("--json", action="store_true", help="one JSON object")
    args = parser.parse_args()
    folder = args.state.resolve()
    # kill and a closed terminal end it as Ctrl-C does: with everything taken down.
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.default_int_handler)
    try:
        return _run(args, folder)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except (ProcessFailed, DockerError, BaseImageError, NotAStateFolder) as error:
        say(str(error))
        return 1


def _run(args: argparse.Namespace, folder: Path) -> int:
    if args.command == "up":
        for name, value in up(folder, say).items():
            print(f"export {name}={shlex.quote(value)}")
        return 0
    if args.command == "down":
        down(folder, say)
        return 0
    return _status(folder, as_json=args.json)


def _status(folder: Path, *, as_json: bool) -> int:
    found = state.read(folder)
    parts = [] if found is None else status.parts(folder, found)
    running = found is not None and status.is_whole(folder, found)
    if as_json:
        print(json.dumps({"running": running, "state": str(folder), "parts": [asdict(part) for part in parts]}))
    elif found is None:
        print(f"not running ({folder})")
    for part in [] if as_json else parts:
        print(f"{part.name:10}{'running' if part.running else 'stopped':10}{part.detail}")
    return 0 if running else 3


if __name__ == "__main__":
    sys.exit(main())
