"""How busy the GPU is, by NVIDIA's management library, which comes with its driver."""

from __future__ import annotations

import ctypes
import threading

EVERY_SECONDS = 0.1


class _Utilization(ctypes.Structure):
    """nvmlUtilization_t: percent of the last sample period in which the GPU, and its memory, had work."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Busy:
    """Samples the first GPU while its block runs. Raises OSError without NVIDIA's driver, RuntimeError as NVML does."""

    def __init__(self) -> None:
        self._nvml = ctypes.CDLL("libnvidia-ml.so.1")
        self._device = ctypes.c_void_p()
        self._samples: list[int] = []
        self._ended = threading.Event()

    def __enter__(self) -> Busy:
        self._call("nvmlInit_v2")
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(0), ctypes.byref(self._device))
        self._thread = threading.Thread(target=self._sample, name="busy", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._call("nvmlShutdown")

    @property
    def share(self) -> float:
        """Mean in percent from the first sample in which there was work to the last."""
        working = [index for index, sample in enumerate(self._samples) if sample]
        if not working:
            return 0.0
        between = self._samples[working[0] : working[-1] + 1]
        return sum(between) / len(between)

    def _sample(self) -> None:
        found = _Utilization()
        while not self._ended.wait(EVERY_SECONDS):
            self._call("nvmlDeviceGetUtilizationRates", self._device, ctypes.byref(found))
            self._samples.append(found.gpu)

    def _call(self, name: str, *arguments: object) -> None:
        if code := getattr(self._nvml, name)(*arguments):
            raise RuntimeError(f"{name} answered {code} (nvmlReturn_t)")
