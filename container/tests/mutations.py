"""Damages files, the same way for the same seed."""

from __future__ import annotations

import random

# Longest run of bytes that is changed at once.
MOST_BYTES = 400


def truncated(data: bytes, share: float) -> bytes:
    """The beginning, 0 to 1 of the whole."""
    return data[: int(len(data) * share)]


def mutated(data: bytes, seed: int) -> bytes:
    """One to six places of a valid file changed: bits flipped, bytes drawn, zeroed, left out, doubled or moved.

    Half of the places are in the first 200 bytes, where formats say what they are.
    """
    chance = random.Random(seed)  # noqa: S311 a repeatable choice, not a secret
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(min(200, len(out)) if chance.random() < 0.5 else len(out))
        end = min(len(out), at + chance.choice([1, 2, 4, chance.randint(1, MOST_BYTES)]))
        run = bytes(out[at:end])
        match chance.choice(["flip", "draw", "zero", "ones", "drop", "double", "move"]):
            case "flip":
                out[at] ^= 1 << chance.randrange(8)
            case "draw":
                out[at:end] = chance.randbytes(len(run))
            case "zero":
                out[at:end] = bytes(len(run))
            case "ones":
                out[at:end] = b"\xff" * len(run)
            case "drop":
                del out[at:end]
            case "double":
                out[at:at] = run
            case "move":
                del out[at:end]
                there = chance.randrange(len(out) + 1)
                out[there:there] = run
    return bytes(out)
