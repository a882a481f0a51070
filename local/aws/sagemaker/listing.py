"""What the three List operations share: filters, order and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from local.aws.errors import validation_error

PAGE = 10  # ListEndpoints: "This value defaults to 10"


def listed(
    params: dict[str, Any], summaries: Iterable[dict[str, Any]], member: str, name: str, status: str | None = None
) -> dict[str, Any]:
    """The answer of a List operation: `summaries` filtered and sorted, under `member`. Newest first unless asked."""
    found = [entry for entry in summaries if _matches(entry, params, name, status)]
    order = params.get("SortBy", "CreationTime")
    keys = {"Name": name, "CreationTime": "CreationTime", "Status": status or name}
    found.sort(key=lambda entry: entry[keys[order]], reverse=params.get("SortOrder", "Descending") == "Descending")
    start = _position(params.get("NextToken"))
    end = start + params.get("MaxResults", PAGE)
    answer: dict[str, Any] = {member: found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    return answer


def _matches(entry: dict[str, Any], params: dict[str, Any], name: str, status: str | None) -> bool:
    if params.get("NameContains", "").lower() not in entry[name].lower():
        return False
    if status and "StatusEquals" in params and entry[status] != params["StatusEquals"]:
        return False
    for field in ("CreationTime", "LastModifiedTime"):
        before, after = params.get(f"{field}Before"), params.get(f"{field}After")
        if before is not None and not entry[field] < _time(before):
            return False
        if after is not None and not entry[field] > _time(after):
            return False
    return True


def _time(value: float | str) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return datetime.fromtimestamp(value, timezone.utc)


def _position(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise validation_error("NextToken is not one that a List operation gave.")
    return int(token)
