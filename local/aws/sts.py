"""STS where moto believes everybody: a token for a role is checked, and the session's keys come to an end."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from moto.iam.models import OpenIDConnectProvider, iam_backends
from moto.sts.models import AssumedRole, sts_backends
from werkzeug.wrappers import Request, Response

from local.aws.credentials import Credentials
from local.aws.errors import AwsError
from local.aws.operations import Call
from local.aws.trust import trusts

PARTITION = "aws"
REQUIRED = ("RoleArn", "RoleSessionName", "WebIdentityToken")
SHORTEST, LONGEST, DEFAULT = 900, 43_200, 3600  # seconds; STS API reference
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Sts:
    """A service of the application. Error names and texts: STS API reference, AssumeRoleWithWebIdentity."""

    def __init__(self, account: str, region: str, credentials: Credentials) -> None:
        self._account = account
        self._region = region
        self._credentials = credentials
        self._keys: dict[str, KeySet] = {}
        self.session_seconds: int | None = None
        """How long sessions live, whatever is asked for; None: as long as was asked."""

    def know(self, issuer: str, keys: Mapping[str, Any]) -> None:
        """The public keys (a JWK set) of a token issuer; AWS fetches them from its address."""
        self._keys[issuer] = KeySet.import_key_set(dict(keys))

    def __call__(self, call: Call, request: Request) -> Response | None:
        if call.operation != "AssumeRoleWithWebIdentity":
            return None
        form = parse_qs(request.get_data(cache=True, parse_form_data=False).decode())
        given = {name: values[0] for name, values in form.items()}
        if missing := [name for name in REQUIRED if not given.get(name)]:
            raise AwsError("ValidationError", f"The request must contain the parameter {missing[0]}.")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", given["RoleSessionName"], re.ASCII):
            raise AwsError("ValidationError", "1 validation error detected: Value at 'roleSessionName' is not valid.")
        provider, claims = self._verified(given["WebIdentityToken"])
        seconds = self._require_role(given, provider, claims)
        session = self._session(given, self.session_seconds or seconds)
        return Response(_answer(session, claims, provider), content_type="text/xml")

    def _verified(self, token: str) -> tuple[OpenIDConnectProvider, dict[str, Any]]:
        """The provider that a token is of, and its claims. AwsError for a token that proves nothing."""
        issuer = _issuer(token)
        known = iam_backends[self._account][PARTITION].open_id_providers.values()
        provider = next((found for found in known if f"https://{found.url}" == issuer), None)
        if provider is None:
            raise AwsError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
        keys = self._keys.get(issuer)
        if keys is None:
            raise AwsError("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")
        try:
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise AwsError("InvalidIdentityToken", f"The signature of the token is not valid: {error}") from error
        if claims.get("exp", 0) <= datetime.now(timezone.utc).timestamp():
            raise AwsError("ExpiredTokenException", "Token expired: current date/time must be before its expiration")
        if claims.get("aud") not in provider.client_id_list:
            raise AwsError("InvalidIdentityToken", "Incorrect token audience")
        return provider, claims

    def _require_role(self, given: Mapping[str, str], provider: OpenIDConnectProvider, claims: dict[str, Any]) -> int:
        """Seconds that the session may live. AwsError unless the role is there and trusts the token."""
        roles = iam_backends[self._account][PARTITION].roles.values()
        role = next((found for found in roles if found.arn == given["RoleArn"]), None)
        if role is None or not trusts(role.assume_role_policy_document, provider.arn, claims):
            raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        seconds = int(given.get("DurationSeconds", DEFAULT))
        if not SHORTEST <= seconds <= LONGEST:
            raise AwsError("ValidationError", f"DurationSeconds must be from {SHORTEST} to {LONGEST}.")
        if seconds > int(role.max_session_duration or DEFAULT):
            text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            raise AwsError("ValidationError", text)
        return seconds

    def _session(self, given: Mapping[str, str], seconds: int) -> AssumedRole:
        session = sts_backends[self._account][PARTITION].assume_role_with_web_identity(
            region_name=self._region,
            role_session_name=given["RoleSessionName"],
            role_arn=given["RoleArn"],
            policy=None,
            duration=seconds,
            external_id=None,
        )
        # By the machine's clock, as clients see it: however fast time goes for the endpoints.
        ends = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=seconds)
        session.expiration = ends
        self._credentials.end(session.access_key_id, ends)
        return session


def _issuer(token: str) -> str:
    """Who says to have written the token; its signature is checked by the keys of that one."""
    try:
        payload = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iss"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise AwsError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from error


def _answer(session: AssumedRole, claims: Mapping[str, Any], provider: OpenIDConnectProvider) -> str:
    credentials = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return (
        f'<AssumeRoleWithWebIdentityResponse xmlns="{NAMESPACE}"><AssumeRoleWithWebIdentityResult>'
        f"<Credentials>{_elements(credentials)}</Credentials>"
        f"<AssumedRoleUser>{_elements({'AssumedRoleId': session.user_id, 'Arn': session.arn})}</AssumedRoleUser>"
        + _elements(
            {
                "SubjectFromWebIdentityToken": str(claims.get("sub", "")),
                "Audience": str(claims["aud"]),
                "Provider": provider.arn,
            }
        )
        + "</AssumeRoleWithWebIdentityResult><ResponseMetadata/></AssumeRoleWithWebIdentityResponse>"
    )


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
