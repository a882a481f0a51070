"""Memory that is freed is kept for the next batch."""

from __future__ import annotations

import ctypes

# mallopt(3): glibc's numbers for its parameters.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
# Above all that the encoder asks for at once.
LARGEST = 2**30


def keep_freed() -> None:
    """Tells the C library to keep what CTranslate2 frees, where it otherwise gives it back after each operation.

    The system clears such memory anew each time, a third of the encoder's time (docs/inference.md). One arena, as only
    the first can grow beyond 64 MB. To be called before other threads use memory; without glibc nothing changes.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
