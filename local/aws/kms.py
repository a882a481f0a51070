"""What a KMS key's name looks like. Whether there is such a key is not looked at."""

from __future__ import annotations

import re

_KEY = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
# CreateEndpointConfig: a key's ID or ARN, an alias's name or ARN.
_NAME = re.compile(
    rf"{_KEY}|alias/[\w/-]+|arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{{12}}:(?:key/{_KEY}|alias/[\w/-]+)"
)


def fault(key: str, region: str) -> str | None:
    """Why `key` cannot be the name of a key in `region`; None if it can."""
    found = _NAME.fullmatch(key)
    if found is None:
        return f"Invalid KMS key ID {key!r}: give a key's ID or ARN, or an alias's name or ARN."
    if found["region"] not in (None, region):
        return f"The KMS key {key} is in {found['region']}; it must be in {region}."
    return None
