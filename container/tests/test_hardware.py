"""Threads, device and number format."""

import os

import pytest

from pipeline import hardware
from pipeline.errors import ModelError


def usable() -> int:
    return len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "period", "expected"),
    [
        ("100000", "100000", 1),
        ("50000", "100000", 1),
        ("100001", "100000", 2),
        ("max", "100000", 10**6),
        ("-1", "100000", 10**6),
        ("99900000", "100000", 10**6),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_threads_follow_the_quota_and_never_exceed_the_processors(tmp_path, version, quota, period, expected):
    if version == 2:
        (tmp_path / "cpu.max").write_text(f"{quota} {period}\n")
    else:
        (tmp_path / "cpu").mkdir()
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (tmp_path / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n")
    assert hardware.cpu_count(tmp_path) == min(usable(), expected)


def test_without_a_quota_every_usable_processor_works(tmp_path):
    assert hardware.cpu_count(tmp_path / "absent") == usable()


VERSIONS = {
    "470.57.02": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\n",
    "550.163.01": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.163.01  Release Build\n",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_driver_is_read_where_containers_see_it(tmp_path, version):
    (tmp_path / "version").write_text(VERSIONS[version])
    assert hardware.driver(tmp_path / "version") == version
    assert hardware.driver(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (
            "470.57.02",
            r"is 470\.57\.02, and CUDA 12 needs 525\.60\.13 or later.*InferenceAmiVersion",
        ),
        ("550.163.01", r"550\.163\.01, is new enough .*without it"),
        (None, r"is it older than 525\.60\.13\? On SageMaker set InferenceAmiVersion"),
    ],
)
def test_a_gpu_that_can_not_be_used_is_an_error_that_names_its_driver(tmp_path, monkeypatch, version, message):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    control, file = tmp_path / "nvidiactl", tmp_path / "version"
    control.touch()
    if version:
        file.write_text(VERSIONS[version])
    with pytest.raises(ModelError, match=message):
        hardware.device("cuda", control, file)
    assert hardware.device("cpu", control, file) == "cpu"
    assert hardware.device("cuda", tmp_path / "absent", file) == "cpu"


def test_a_gpu_that_can_be_used_is_used_except_by_the_cpu_flavour(monkeypatch):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    # Every process has the C library; which one is opened is what this changes.
    monkeypatch.setattr(hardware, "CUBLAS", "libc.so.6")
    assert [hardware.device(flavour) for flavour in (None, "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


def test_a_missing_cublas_is_said_by_its_name(monkeypatch):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(hardware, "CUBLAS", "libcublas.so.0")
    with pytest.raises(ModelError, match=r"libcublas\.so\.0, which CTranslate2 opens, .*nvidia-cublas-cu12"):
        hardware.device("cuda")


def test_number_formats_of_a_cpu():
    assert hardware.compute_type("auto", "cpu") == "int8"
    assert hardware.compute_type("float32", "cpu") == "float32"
    with pytest.raises(ModelError, match=r"float16 does not run on this cpu device; use .*int8"):
        hardware.compute_type("float16", "cpu")
    with pytest.raises(ModelError, match="must be one of auto"):
        hardware.compute_type("int4", "cpu")
