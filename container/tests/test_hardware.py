"""Threads, device and number format."""

import os

import pytest

from pipeline import hardware
from pipeline.errors import ModelError


def usable() -> int:
    return len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("100001 100000", 2),
        ("max 100000", 10**6),
        ("99900000 100000", 10**6),
    ],
)
def test_threads_follow_the_quota_and_never_exceed_the_processors(tmp_path, cpu_max, expected):
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{cpu_max}\n")
    assert hardware.cpu_count(quota) == min(usable(), expected)


def test_without_a_quota_every_usable_processor_works(tmp_path):
    assert hardware.cpu_count(tmp_path / "absent") == usable()


def test_a_gpu_that_can_not_be_used_is_an_error_and_not_a_slow_success(tmp_path, monkeypatch):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    driver = tmp_path / "nvidiactl"
    driver.touch()
    with pytest.raises(ModelError, match="InferenceAmiVersion"):
        hardware.device("cuda", driver)
    assert hardware.device("cpu", driver) == "cpu"
    assert hardware.device("cuda", tmp_path / "absent") == "cpu"


def test_a_gpu_that_can_be_used_is_used_except_by_the_cpu_flavour(monkeypatch):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    assert [hardware.device(flavour) for flavour in (None, "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


def test_number_formats_of_a_cpu():
    assert hardware.compute_type("auto", "cpu") == "int8"
    assert hardware.compute_type("float32", "cpu") == "float32"
    with pytest.raises(ModelError, match=r"float16 does not run on this cpu device; use .*int8"):
        hardware.compute_type("float16", "cpu")
    with pytest.raises(ModelError, match="must be one of auto"):
        hardware.compute_type("int4", "cpu")
