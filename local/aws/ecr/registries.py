"""The registries of ECR: the account's own, and those of other accounts that share their repositories with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from werkzeug.wrappers import Request, Response

from local.aws.application import parsed
from local.aws.ecr.service import Ecr
from local.aws.errors import AwsError
from local.aws.operations import Call
from local.registry.client import Registry

# What another account's repository policy can allow, of what is done here.
SHARED = ("GetAuthorizationToken", "DescribeRepositories", "DescribeImages", "ListImages", "BatchGetImage")


class Registries:
    """Answers ECR's requests by the registry that they name, which is the account's own when they name none."""

    def __init__(
        self, own: Ecr, open_registry: Callable[[str, str | None], Ecr], keep: Callable[[str, str], None]
    ) -> None:
        """`open_registry` starts the registry of another account, with what `keep` kept of it under a name."""
        self.own = own
        self.keep = keep
        self._open = open_registry
        self._others: dict[str, Ecr] = {}

    def __call__(self, call: Call, request: Request) -> Response | None:
        params = parsed(request)
        account = params.get("registryId") or next(iter(params.get("registryIds", ())), self.own.account)
        if account == self.own.account:
            return self.own(call, request)
        other = self._others.get(account)
        if other is None or call.operation not in SHARED:
            raise AwsError(
                "AccessDeniedException",
                f"User is not authorized to perform: ecr:{call.operation} in the registry of account {account} "
                "because no resource-based policy allows it",
            )
        return other(call, request)

    def share(self, account: str, repository: str, kept: str | None = None) -> str:
        """Makes a repository in another account that it shares with ours; the address of its registry.

        The account's first one decides which images it begins with: those `kept` under a name.
        """
        if not re.fullmatch(r"\d{12}", account) or account == self.own.account:
            raise ValueError(f"{account!r} is not another account's number")
        if account not in self._others:
            self._others[account] = self._open(account, kept)
        self._others[account].create(repository)
        return self._others[account].host

    def at(self, host: str) -> Registry | None:
        """The registry whose images carry this address."""
        found = next((ecr for ecr in (self.own, *self._others.values()) if ecr.host == host), None)
        return None if found is None else found.registry

    def account_at(self, host: str) -> str | None:
        """The account whose images carry this address."""
        return next((ecr.account for ecr in (self.own, *self._others.values()) if ecr.host == host), None)

    def hosts(self) -> list[str]:
        """The addresses that images carry."""
        return [ecr.host for ecr in (self.own, *self._others.values())]
