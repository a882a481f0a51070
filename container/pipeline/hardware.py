"""What this machine offers: processors, device, number format."""

from __future__ import annotations

import ctypes
import math
import os
import re
from pathlib import Path

import ctranslate2

from pipeline.errors import ModelError

COMPUTE_TYPES = ("auto", "float16", "int8_float16", "int8", "float32")


# What CTranslate2's wheel is built for and opens, and the oldest driver that runs any CUDA 12
# (https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html).
CUDA = "CUDA 12"
CUBLAS = "libcublas.so.12"
OLDEST_DRIVER = (525, 60, 13)
AMI = "On SageMaker set InferenceAmiVersion, for example al2-ami-sagemaker-inference-gpu-3-1."


def cpu_count(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Processors this process may use: its affinity, or less under a container's quota (cgroup v2 or v1).

    More threads than this make CTranslate2 slower, not faster.
    """
    usable = len(os.sched_getaffinity(0))
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((cgroup / name).read_text(encoding="ascii") for name in files).split()
            return max(1, min(usable, math.ceil(int(quota) / int(period)))) if int(quota) > 0 else usable
        except (OSError, ValueError):
            continue  # The other version, or the quota is "max".
    return usable


def driver(file: Path = Path("/proc/driver/nvidia/version")) -> str | None:
    """The version of NVIDIA's driver, which containers see too, such as 550.163.01; None without one."""
    try:
        found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)", file.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found and found[1]


def device(
    flavour: str | None, control: Path = Path("/dev/nvidiactl"), version: Path = Path("/proc/driver/nvidia/version")
) -> str:
    """`cuda` when a CUDA device can be used, else `cpu`; the image's cpu flavour has no cuBLAS and always gives `cpu`.

    Raises ModelError on a machine whose GPU can't be used: the CPU would do the work at the GPU's price.
    """
    if flavour == "cpu":
        return "cpu"
    if ctranslate2.get_cuda_device_count() > 0:
        _check_cublas()
        return "cuda"
    if control.exists():
        raise ModelError(_why_no_device(driver(version)))
    return "cpu"


def _why_no_device(found: str | None) -> str:
    oldest = ".".join(str(part) for part in OLDEST_DRIVER)
    if found is None:
        return f"this machine has an NVIDIA driver, but {CUDA} finds no device: is it older than {oldest}? {AMI}"
    if tuple(int(part) for part in found.split(".")) < OLDEST_DRIVER:
        return f"the NVIDIA driver of this machine is {found}, and {CUDA} needs {oldest} or later. {AMI}"
    return (
        f"the NVIDIA driver of this machine, {found}, is new enough for {CUDA} ({oldest}), but there is no device: "
        "the GPU has failed, or the container was started without it (docker run --gpus all)"
    )


def _check_cublas() -> None:
    try:
        ctypes.CDLL(CUBLAS)
    except OSError as error:
        raise ModelError(
            f"there is a GPU, but {CUBLAS}, which CTranslate2 opens, can't be loaded ({error}). The image's cuda "
            "flavour has it; elsewhere install nvidia-cublas-cu12 and put its lib folder into LD_LIBRARY_PATH."
        ) from error


def compute_type(wanted: str, on: str) -> str:
    """The number format for the device `on`; `auto` is float16 on CUDA and int8 on a CPU. Raises ModelError."""
    if wanted not in COMPUTE_TYPES:
        raise ModelError(f"WHISPER_COMPUTE_TYPE must be one of {', '.join(COMPUTE_TYPES)}, found {wanted!r}")
    chosen = wanted if wanted != "auto" else {"cuda": "float16", "cpu": "int8"}[on]
    supported = ctranslate2.get_supported_compute_types(on)
    if chosen not in supported:
        usable = [name for name in COMPUTE_TYPES if name in supported]
        raise ModelError(f"WHISPER_COMPUTE_TYPE {chosen} does not run on this {on} device; use {', '.join(usable)}")
    return chosen
