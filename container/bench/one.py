"""One recording in one mode, in a process of its own: `one.py MODE FILE --model DIR` prints what it took as JSON.

Modes: `ours` as the server calls it; faster-whisper's `sequential` and `batched`; `article`, the call of the article
that this project began with. All are warmed up on the same clip first, and find the language themselves.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CONTAINER))

from busy import Busy  # noqa: E402

MODES = ("article", "sequential", "batched", "ours")
BATCH = 8
BEAM = 5
CLIP = CONTAINER.parent / "assets" / "clip.mp3"

# The text of a file.
Transcribe = Callable[[Path], str]


def ours(model: Path, device: str) -> Transcribe:
    import inference

    # The flavour is what makes the pipeline leave a GPU alone.
    os.environ["WHISPER_FLAVOUR"] = device
    loaded = inference.model_fn(str(model))

    def transcribe(file: Path) -> str:
        with file.open("rb") as body:
            transcript = inference.predict_fn(inference.input_fn(body, "application/octet-stream"), loaded)
        return "\n".join(segment["text"] for segment in transcript["segments"])

    return transcribe


def stock(model: Path, device: str, mode: str) -> Transcribe:
    # Before the pipeline, which tells CTranslate2's threads how to wait: stock is what its users have.
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    from pipeline import hardware

    compute_type = hardware.compute_type("auto", device)
    whisper = WhisperModel(str(model), device, compute_type=compute_type, cpu_threads=hardware.cpu_count())
    options = {"beam_size": BEAM, "vad_filter": True, "without_timestamps": mode != "sequential"}
    if mode == "batched":
        whisper, options = BatchedInferencePipeline(whisper), {"beam_size": BEAM, "batch_size": BATCH}

    def transcribe(file: Path) -> str:
        segments, _ = whisper.transcribe(str(file), **options)
        return "\n".join(segment.text.strip() for segment in segments)

    return transcribe


def open_cublas() -> None:
    """CTranslate2 opens cuBLAS by its bare name, which is found once it is loaded; in the image the loader knows it."""
    import nvidia.cublas

    for name in ("libcublasLt.so.12", "libcublas.so.12"):
        ctypes.CDLL(str(Path(nvidia.cublas.__path__[0]) / "lib" / name))


def memory(field: str) -> float:
    """A line of /proc/self/status in MB. Not by getrusage(), whose maximum is inherited from the parent process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:")) * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    if given.device == "cuda":
        open_cublas()
    load = ours if given.mode == "ours" else lambda model, device: stock(model, device, given.mode)
    transcribe = load(given.model, given.device)
    transcribe(CLIP)
    loaded = memory("VmRSS")
    with Busy() if given.device == "cuda" else nullcontext() as busy:
        started, processor = time.perf_counter(), time.process_time()
        text = transcribe(given.file)
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
    took = {
        "text": text,
        "seconds": seconds,
        "cpu_seconds": processor,
        "loaded_rss_mb": loaded,
        "peak_rss_mb": memory("VmHWM"),
        "gpu_busy": busy.share if busy else None,
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
