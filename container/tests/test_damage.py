"""Damaged files: each is transcribed as far as it goes or refused as the caller's mistake; the server goes on."""

import itertools

import mutations
import pytest
import recordings
from running import Server

MUTATIONS = 50


@pytest.fixture(scope="module")
def files(clip) -> dict[str, bytes]:
    return {kind: recordings.encode(clip, kind) for kind in recordings.KINDS}


def assert_answered(server: Server, body: bytes, what: str) -> None:
    answer = server.with_options(body, {"temperature": 0})
    assert server.process.poll() is None, f"{what} ended the server"
    assert answer.status_code in (200, 400), (what, answer.text)
    document = answer.json()
    if answer.status_code == 400:
        assert document["error"]["code"] in ("bad_audio", "empty_body"), what
    else:
        assert isinstance(document["segments"], list)


@pytest.mark.parametrize("kind", recordings.KINDS)
def test_what_was_cut_off_or_has_lost_its_beginning_is_no_fault_of_the_server(server, files, kind):
    whole = files[kind]
    for share in (0.001, 0.05, 0.6):
        assert_answered(server, mutations.truncated(whole, share), f"{kind}, {share} of it")
    assert_answered(server, whole[len(whole) // 3 :], f"{kind} from a third on")


def test_no_mutation_of_a_valid_file_is_a_fault_of_the_server(server, files, clip):
    for seed, kind in zip(range(MUTATIONS), itertools.cycle(files), strict=False):
        assert_answered(server, mutations.mutated(files[kind], seed), f"{kind}, seed {seed}")
    assert server.invoke(clip).status_code == 200
