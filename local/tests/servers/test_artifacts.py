"""The local artifact service, through the real @actions/artifact and by what it must refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from local.artifacts import token as tokens
from local.artifacts.server import TWIRP, ArtifactService
from local.artifacts.store import Refused, Store
from local.tests.servers.node_rig import node, serving
from local.tests.up_rig import http_status


def test_the_real_client_uploads_lists_and_downloads(tmp_path: Path) -> None:
    source, target, kept = tmp_path / "source", tmp_path / "target", tmp_path / "kept"
    source.mkdir()
    (source / "talk.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    # More than one block of 8 MiB, also once compressed.
    (source / "noise.bin").write_bytes(os.urandom(10_000_000))
    with serving("artifacts", "--dir", str(kept), lines=2) as lines:
        env = dict(line.split("=", 1) for line in lines)
        assert set(env) == {"ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_TOKEN"}
        result = node("artifact_client.mjs", str(source), str(target), env=env)
    archive = (kept / "1" / "transcripts.zip").read_bytes()
    assert result["uploaded"]["size"] == len(archive)
    assert result["artifact"]["digest"] == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    assert [artifact["name"] for artifact in result["artifacts"]] == ["transcripts"]
    assert not result["download"]["digestMismatch"]
    for name in ("talk.srt", "noise.bin"):
        assert (target / name).read_bytes() == (source / name).read_bytes()
    assert "already exists" in result["again"]


class Client:
    """A client that may lie."""

    def __init__(self, service: ArtifactService) -> None:
        self.service = service
        self.ids = {
            "workflow_run_backend_id": service.token.run,
            "workflow_job_run_backend_id": service.token.job,
        }
        self.bearer = service.token.value

    def call(self, method: str, **members: Any) -> dict[str, Any]:
        """Raises Refused as the service does."""
        return self.service.call(method, {**self.ids, **members})

    def post(self, method: str, body: bytes, bearer: str) -> int:
        url = self.service.server.origin + TWIRP + method
        return http_status(url, body, Authorization=f"Bearer {bearer}", Content_Type="application/json")[0]


@pytest.fixture
def client(tmp_path: Path) -> Any:
    service = ArtifactService(Store(tmp_path), tokens.issue())
    thread = threading.Thread(target=service.server.serve_forever, args=(0.02,))
    thread.start()
    yield Client(service)
    service.server.shutdown()
    service.server.server_close()
    thread.join()


def put(url: str, body: bytes, **headers: str) -> int:
    named = {"x-ms-version": "2024-11-04", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(url, data=body, headers=named, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_token_names_its_run_and_its_job() -> None:
    token = tokens.issue()
    payload = token.value.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert f"Actions.Results:{token.run}:{token.job}" in claims["scp"].split(" ")


def test_only_the_runs_own_token_and_ids_are_taken(client: Client) -> None:
    body = json.dumps({**client.ids, "name": "a", "version": 7}).encode()
    assert client.post("CreateArtifact", body, tokens.issue().value) == 401
    other = json.dumps({**client.ids, "workflow_run_backend_id": "other", "name": "a", "version": 7}).encode()
    assert client.post("CreateArtifact", other, client.bearer) == 403
    assert client.post("CreateArtifact", b"{", client.bearer) == 400
    assert client.post("CreateArtifact", body, client.bearer) == 200


@pytest.mark.parametrize(
    ("method", "member"),
    [("CreateArtifact", "size"), ("FinalizeArtifact", "digest"), ("ListArtifacts", "name"), ("DeleteArtifact", "id")],
)
def test_a_member_that_a_call_does_not_have_is_refused(client: Client, method: str, member: str) -> None:
    with pytest.raises(Refused, match=f"{method} has no member {member}"):
        client.call(method, **{member: "1"})


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", 'a"b', "a:b", "a\nb"])
def test_a_name_that_github_refuses(client: Client, name: str) -> None:
    with pytest.raises(Refused) as refused:
        client.call("CreateArtifact", name=name, version=7)
    assert refused.value.code == "invalid_argument"


def test_size_and_hash_must_be_those_of_what_was_sent(client: Client) -> None:
    url = client.call("CreateArtifact", name="a", version=7)["signed_upload_url"]
    with pytest.raises(Refused, match="no content"):
        client.call("FinalizeArtifact", name="a", size="5", hash="sha256:0")
    assert put(url, b"hello", x_ms_blob_type="BlockBlob") == 201
    right = f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
    for size, digest in (("4", right), ("5", "sha256:0"), ("5", None), ("five", right)):
        with pytest.raises(Refused):
            client.call("FinalizeArtifact", name="a", size=size, hash=digest)
    assert client.call("ListArtifacts") == {"artifacts": []}, "not final, not listed"
    assert client.call("FinalizeArtifact", name="a", size="5", hash=right)["ok"]
    assert put(url, b"other", x_ms_blob_type="BlockBlob") == 403, "a final artifact takes no more content"


def test_addresses_hold_for_what_they_were_signed_for(client: Client) -> None:
    url = client.call("CreateArtifact", name="a", version=7)["signed_upload_url"]
    assert put(url.replace("/1/", "/2/"), b"x", x_ms_blob_type="BlockBlob") == 403
    assert put(url.replace("sp=w", "sp=r"), b"x", x_ms_blob_type="BlockBlob") == 403
    assert http_status(url)[0] == 403, "an upload address reads nothing"


def test_blocks_are_put_together_in_the_lists_order(client: Client, tmp_path: Path) -> None:
    url = client.call("CreateArtifact", name="a", version=7, mime_type="text/plain")["signed_upload_url"]
    blocks = [base64.b64encode(word).decode() for word in (b"one", b"two")]
    for block, content in zip(blocks, (b"world", b"hello "), strict=True):
        assert put(f"{url}&comp=block&blockid={block}", content) == 201
    listed = "".join(f"<Latest>{block}</Latest>" for block in reversed(blocks))
    assert put(f"{url}&comp=blocklist", f"<BlockList>{listed}<Latest>bm9uZQ==</Latest></BlockList>".encode()) == 400
    assert put(f"{url}&comp=blocklist", b"<BlockList>") == 400
    assert put(f"{url}&comp=blocklist", f"<BlockList>{listed}</BlockList>".encode()) == 201
    assert (tmp_path / "1" / "a").read_bytes() == b"hello world"
