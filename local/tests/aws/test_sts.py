"""A role for a token: whose token it is, and whether the role trusts it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from local.tests.aws.aws_rig import Aws, refused, wait

AUDIENCE = "sts.amazonaws.com"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


class Issuer:
    """A token issuer that the account has a provider for."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.host = f"{aws.name('issuer')}.example"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        iam = aws.client("iam")
        provider = iam.create_open_id_connect_provider(Url=f"https://{self.host}", ClientIDList=[AUDIENCE])
        self.arn = provider["OpenIDConnectProviderArn"]
        self.know(self.key)

    def know(self, key: RSAKey) -> None:
        """Publishes a key."""
        keys = {"keys": [key.as_dict(private=False)]}
        self.aws.control("issuer", {"url": f"https://{self.host}", "keys": keys})

    def token(self, sub: str = "repo:o/r:ref:refs/heads/main", **claims: Any) -> str:
        """A token that is right, but for `claims`."""
        body = {"iss": f"https://{self.host}", "aud": AUDIENCE, "sub": sub, "exp": int(time.time()) + 300, **claims}
        return jwt.encode({"alg": "RS256", "kid": "one"}, body, self.key)

    def role(self, condition: Any = None) -> str:
        """A role that trusts the main branch, or whom `condition` says."""
        subject = {"StringLike": {f"{self.host}:sub": ["repo:o/r:ref:refs/heads/main", "repo:o@1/r@2:*"]}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": self.arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{self.host}:aud": AUDIENCE}, **(condition or subject)},
        }
        return self.aws.role({"Version": "2012-10-17", "Statement": [statement]})

    def assume(self, arn: str, token: str, **more: Any) -> dict[str, Any]:
        """AssumeRoleWithWebIdentity."""
        sts = self.aws.client("sts")
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="run-1", WebIdentityToken=token, **more)


@pytest.fixture
def issuer(aws: Aws) -> Iterator[Issuer]:
    yield Issuer(aws)
    aws.control("sessions", {"seconds": None})


def test_a_token_of_either_form_gets_a_session_in_the_name_of_the_role(aws: Aws, issuer: Issuer) -> None:
    arn = issuer.role()
    for subject in ("repo:o/r:ref:refs/heads/main", "repo:o@1/r@2:environment:production"):
        answer = issuer.assume(arn, issuer.token(subject))
        assert answer["SubjectFromWebIdentityToken"] == subject
    assert answer["Credentials"]["Expiration"].timestamp() == pytest.approx(time.time() + 3600, abs=60)
    key = answer["Credentials"]["AccessKeyId"]
    assert aws.client("sts", key=key).get_caller_identity()["Arn"].endswith(f"assumed-role/{aws.name('role')}/run-1")


@pytest.mark.parametrize(
    "subject",
    ["repo:o/r:pull_request", "repo:o/r:ref:refs/heads/main2", "repo:o/r2:ref:refs/heads/main", "repo:x@1/r@2:"],
)
def test_a_subject_that_the_role_does_not_name_is_refused(issuer: Issuer, subject: str) -> None:
    with refused("AccessDenied", NOT_AUTHORIZED):
        issuer.assume(issuer.role(), issuer.token(subject))


def test_a_condition_that_is_not_known_here_is_never_met(issuer: Issuer) -> None:
    role = issuer.role({"StringEqualsIgnoreCase": {f"{issuer.host}:sub": "repo:o/r:ref:refs/heads/main"}})
    with refused("AccessDenied", NOT_AUTHORIZED):
        issuer.assume(role, issuer.token())


def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(issuer: Issuer) -> None:
    with refused("AccessDenied", NOT_AUTHORIZED):
        issuer.assume("arn:aws:iam::123456789012:role/nobody", issuer.token())


def test_a_token_that_proves_nothing_is_refused(issuer: Issuer) -> None:
    arn = issuer.role()
    with refused("InvalidIdentityToken", "not a valid JWT"):
        issuer.assume(arn, "a.b.c")
    with refused("InvalidIdentityToken", "No OpenIDConnect provider found"):
        issuer.assume(arn, issuer.token(iss="https://elsewhere.example"))
    with refused("InvalidIdentityToken", "Incorrect token audience"):
        issuer.assume(arn, issuer.token(aud="somebody"))
    with refused("ExpiredTokenException"):
        issuer.assume(arn, issuer.token(exp=int(time.time()) - 1))
    good = issuer.token()
    issuer.know(RSAKey.generate_key(2048, {"kid": "one"}))
    with refused("InvalidIdentityToken", "signature"):
        issuer.assume(arn, good)


def test_a_session_is_no_longer_than_the_role_allows(issuer: Issuer) -> None:
    arn = issuer.role()
    with refused("ValidationError", "MaxSessionDuration"):
        issuer.assume(arn, issuer.token(), DurationSeconds=7200)
    with refused("ValidationError", "900"):
        issuer.assume(arn, issuer.token(), DurationSeconds=60)


def test_the_keys_of_a_session_end(aws: Aws, issuer: Issuer) -> None:
    aws.control("sessions", {"seconds": 2})
    key = issuer.assume(issuer.role(), issuer.token())["Credentials"]["AccessKeyId"]
    sts = aws.client("sts", key=key)
    sts.get_caller_identity()

    def ended() -> bool:
        try:
            sts.get_caller_identity()
        except sts.exceptions.ClientError as error:
            return error.response["Error"]["Code"] == "ExpiredToken"
        return False

    wait(ended)
