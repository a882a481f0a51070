"""What this machine offers: processors, device, number format."""

from __future__ import annotations

import math
import os
from pathlib import Path

import ctranslate2

from pipeline.errors import ModelError

COMPUTE_TYPES = ("auto", "float16", "int8_float16", "int8", "float32")


def cpu_count(cgroup: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors this process may use: its affinity, or less under a container's quota (cgroup v2, cpu.max).

    More threads than this make CTranslate2 slower, not faster.
    """
    usable = len(os.sched_getaffinity(0))
    try:
        quota, period = cgroup.read_text(encoding="ascii").split()
        return max(1, min(usable, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return usable  # No such file (cgroup v1), or the quota is "max".


def device(flavour: str | None, driver: Path = Path("/dev/nvidiactl")) -> str:
    """`cuda` when a CUDA device can be used, else `cpu`; the image's cpu flavour has no cuBLAS and always gives `cpu`.

    Raises ModelError on a machine whose GPU can't be used: the CPU would do the work at the GPU's price.
    """
    if flavour == "cpu":
        return "cpu"
    if ctranslate2.get_cuda_device_count() > 0:
        return "cuda"
    if driver.exists():
        raise ModelError(
            "this machine has an NVIDIA driver, but CUDA 12 finds no device: the driver is probably older than 525. "
            "On SageMaker set InferenceAmiVersion, for example al2-ami-sagemaker-inference-gpu-3-1."
        )
    return "cpu"


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
