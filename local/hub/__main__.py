"""`python -m local.hub --repo OWNER/NAME=DIR ... [--gated TOKEN]`: prints its address, runs until SIGTERM."""

from __future__ import annotations

import argparse
from pathlib import Path

from local.hub.repository import open_repository
from local.hub.server import Hub
from local.loopback import serve_until_stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.hub", description=__doc__)
    parser.add_argument("--repo", action="append", required=True, metavar="OWNER/NAME=DIR", help="can be repeated")
    parser.add_argument("--gated", metavar="TOKEN", help="files need this token")
    parser.add_argument("--xet", action="store_true", help="large files also offer the Xet protocol")
    parser.add_argument("--page-size", type=int, default=1000, help="entries in one page of a file tree")
    args = parser.parse_args()
    repositories = {}
    for pair in args.repo:
        name, separator, folder = pair.partition("=")
        if not separator or name.count("/") != 1:
            parser.error(f"--repo {pair}: this must be OWNER/NAME=DIR")
        repositories[name] = open_repository(name, Path(folder), args.gated)
    hub = Hub(repositories, xet=args.xet, page_size=args.page_size)
    serve_until_stopped([hub.site, hub.files], hub.site.origin)


if __name__ == "__main__":
    main()
