"""`python -m local.artifacts --dir DIR`: prints the runner's two variables, runs until SIGTERM."""

from __future__ import annotations

import argparse
from pathlib import Path

from local.artifacts import token
from local.artifacts.server import ArtifactService
from local.artifacts.store import Store
from local.loopback import serve_until_stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.artifacts", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where artifacts are kept: DIR/<id>/<name>[.zip]")
    args = parser.parse_args()
    args.dir.mkdir(parents=True, exist_ok=True)
    run_token = token.issue()
    service = ArtifactService(Store(args.dir), run_token)
    ready = f"ACTIONS_RESULTS_URL={service.server.origin}/\nACTIONS_RUNTIME_TOKEN={run_token.value}"
    serve_until_stopped([service.server], ready)


if __name__ == "__main__":
    main()
