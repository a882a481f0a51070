"""A login for a registry, as HTTP and Docker's configuration file carry it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

USERNAME = "AWS"
"""The user name that ECR's authorization tokens carry."""


@dataclass(frozen=True)
class RegistryAuth:
    """A login for the registry that the image URI names."""

    username: str
    password: str

    @property
    def token(self) -> str:
        """Base64 of USERNAME:PASSWORD: HTTP's basic authentication (RFC 7617), and what GetAuthorizationToken gives."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        return f"RegistryAuth(username={self.username!r})"
