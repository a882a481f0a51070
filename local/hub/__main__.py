"""`python -m local.hub --repo OWNER/NAME=DIR ... [--gated TOKEN]`: prints its address, runs until SIGTERM.

`--generated OWNER/NAME=BYTES` serves weights of any size that are on no disk, for tests and benchmarks of large models.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from local.hub.repository import generated_repository, open_repository
from local.hub.server import Hub
from local.loopback import serve_until_stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.hub", description=__doc__)
    parser.add_argument("--repo", action="append", default=[], metavar="OWNER/NAME=DIR", help="can be repeated")
    parser.add_argument("--generated", action="append", default=[], metavar="OWNER/NAME=BYTES", help="can be repeated")
    parser.add_argument("--gated", metavar="TOKEN", help="files need this token")
    parser.add_argument("--xet", action="store_true", help="large files also offer the Xet protocol")
    parser.add_argument("--page-size", type=int, default=1000, help="entries in one page of a file tree")
    args = parser.parse_args()
    repositories = {}
    for pair in (*args.repo, *args.generated):
        name, _, value = pair.partition("=")
        if not value or name.count("/") != 1:
            parser.error(f"{pair}: this must be OWNER/NAME=…")
        if pair in args.repo:
            repositories[name] = open_repository(name, Path(value), args.gated)
        else:
            repositories[name] = generated_repository(name, int(value))
    if not repositories:
        parser.error("nothing to serve: give --repo or --generated")
    hub = Hub(repositories, xet=args.xet, page_size=args.page_size)
    serve_until_stopped([hub.site, hub.files], hub.site.origin)


if __name__ == "__main__":
    main()
