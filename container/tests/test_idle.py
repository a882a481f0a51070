"""Scaling takes an instance for idle by its CPU (src/aws/endpoint-metrics.ts): waiting must differ from working."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from running import Server

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def idle_cpu() -> float:
    """Percent of one vCPU."""
    found = re.search(r"IDLE_CPU = (\d+);", (ROOT / "src" / "aws" / "endpoint-metrics.ts").read_text())
    assert found
    return float(found[1])


def cpu_seconds(process: int) -> float:
    """That the process and its children have used (proc(5))."""
    used = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if process in (int(file.parent.name), int(fields[1])):
            used += int(fields[11]) + int(fields[12])
    return used / TICKS


def cpu_percent(server: Server, body: Callable[[], object]) -> float:
    """Of one vCPU, while `body` runs."""
    before, start = cpu_seconds(server.process.pid), time.monotonic()
    body()
    return 100 * (cpu_seconds(server.process.pid) - before) / (time.monotonic() - start)


def test_health_checks_look_idle_and_a_transcription_does_not(server, ask_not, idle_cpu):
    def health_checks() -> None:
        for _ in range(10):
            assert server.ping() == 200
            time.sleep(0.3)

    assert cpu_percent(server, health_checks) < idle_cpu / 2
    assert cpu_percent(server, lambda: server.invoke(ask_not)) > idle_cpu
