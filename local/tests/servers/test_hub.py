"""The local hub, through the real client library and bare HTTP."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

from local.tests.servers.node_rig import node, serving
from local.tests.up_rig import http_status

REPO = "Systran/faster-whisper-base"
WEIGHTS = bytes(range(256)) * 5000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model" / "extra").mkdir(parents=True)
    (tmp_path / "model" / "model.bin").write_bytes(WEIGHTS)
    (tmp_path / "model" / "config.json").write_text('{"a": 1}\n')
    (tmp_path / "model" / "extra" / "notes.txt").write_text("hello")
    return tmp_path / "model"


def ask(url: str, path: str = "model.bin", token: str = "", xet: bool = False) -> dict[str, object]:
    return node("hub_client.mjs", url, REPO, token, str(xet).lower(), path)


def control(url: str, fault: dict[str, object]) -> None:
    assert http_status(f"{url}/_local/faults", json.dumps(fault).encode())[0] == 201


def requests(url: str) -> list[dict[str, object]]:
    recorded: list[dict[str, object]] = json.loads(http_status(f"{url}/_local/requests")[1])
    return recorded


@pytest.mark.parametrize("options", [[], ["--xet"], ["--page-size", "1"]])
def test_the_real_client_lists_and_downloads(folder: Path, options: list[str]) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}", *options) as [url]:
        found = ask(url)
        small = ask(url, "config.json")
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    files = {entry["path"]: entry for entry in found["files"]}  # type: ignore[attr-defined]
    assert list(files) == ["config.json", "extra", "extra/notes.txt", "model.bin"]
    assert files["model.bin"]["lfs"]["oid"] == sha256
    assert files["model.bin"]["size"] == len(WEIGHTS)
    assert (found["sha256"], found["middle"]) == (sha256, "\x03\x04\x05\x06\x07")
    assert found["paths"][0]["lfs"]["oid"] == sha256  # type: ignore[index]
    assert small["sha256"] == hashlib.sha256(b'{"a": 1}\n').hexdigest()
    blob = subprocess.run(
        ["git", "hash-object", str(folder / "config.json")], check=True, capture_output=True, text=True
    )
    assert files["config.json"]["oid"] == blob.stdout.strip()


def test_large_files_come_from_another_origin_without_the_token(folder: Path) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}", "--gated", "hf_right") as [url]:
        found = ask(url, token="hf_right")
        seen = requests(url)
    assert found["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    files = [request for request in seen if request["where"] == "files"]
    assert files
    assert all(request["Authorization"] is None for request in files)


def test_a_gated_repository_shows_its_list_but_no_file(folder: Path) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}", "--gated", "hf_right") as [url]:
        without, wrong = ask(url), ask(url, token="hf_wrong")
    assert without["commit"] == wrong["commit"]
    assert without["error"]["status"] == 401  # type: ignore[index]
    assert "restricted" in without["error"]["message"]  # type: ignore[index]
    assert wrong["error"]["status"] == 403  # type: ignore[index]


def test_what_is_not_there(folder: Path) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}") as [url]:
        assert "sha256" not in ask(url, "absent.bin")
        assert http_status(f"{url}/api/models/nobody/nothing/revision/main")[0] == 401
        assert http_status(f"{url}/api/models/nobody/nothing/revision/main", Authorization="Bearer hf_x")[0] == 404
        assert http_status(f"{url}/api/models/{REPO}/revision/v9")[0] == 404
        assert http_status(f"{url}/{REPO}/resolve/main/../../../../etc/passwd")[0] == 404
        status, _ = http_status(f"{url}/{REPO}/resolve/main/config.json", Range="bytes=900-")
        assert status == 416


def test_a_signed_address_is_checked(folder: Path) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}") as [url]:
        with urllib.request.urlopen(f"{url}/{REPO}/resolve/main/model.bin") as answer:
            address = answer.url
        assert not address.startswith(url)
        assert http_status(address)[0] == 200
        assert http_status(address, Authorization="Bearer hf_x")[0] == 400
        assert http_status(address + "0")[0] == 403
        assert http_status(address.replace("model.bin", "config.json"))[0] == 403


def test_faults_hit_as_often_as_they_were_ordered(folder: Path) -> None:
    with serving("hub", "--repo", f"{REPO}={folder}") as [url]:
        control(url, {"kind": "status", "status": 429, "retry_after": 7, "path": "/revision/main", "times": 2})
        info = f"{url}/api/models/{REPO}/revision/main"
        assert [http_status(info)[0] for _ in range(3)] == [429, 429, 200]

        control(url, {"kind": "wrong-bytes", "path": "model.bin"})
        assert ask(url)["sha256"] != hashlib.sha256(WEIGHTS).hexdigest()
        assert ask(url)["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()

        control(url, {"kind": "cut", "path": "model.bin", "after_bytes": 1000, "where": "files", "times": 1})
        with urllib.request.urlopen(f"{url}/{REPO}/resolve/main/model.bin") as answer:
            assert len(answer.read(len(WEIGHTS))) == 1000
        control(url, {"kind": "cut", "path": "model.bin", "after_bytes": 1000, "times": 9})
        assert "error" in ask(url)
        assert http_status(f"{url}/_local/faults", b'{"kind":"gremlins"}')[0] == 400
