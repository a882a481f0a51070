"""The model: weights on disk to a loaded, warmed-up model with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
from faster_whisper import WhisperModel

from pipeline import hardware, speech
from pipeline.engine import Engine
from pipeline.errors import ModelError
from pipeline.reading import Reader

# Windows that the model reads at once.
BATCH = 8
# Batches that a CPU reads at once, each of BATCH / WORKERS windows with its share of the threads: two threads for one
# batch wait for each other at every operation, two batches of one thread each don't (docs/inference.md).
WORKERS = 2

TRANSCRIBER_FILE = Path(__file__).resolve().parent.parent / "TRANSCRIBER"


@dataclass(frozen=True)
class Provenance:
    """What made a transcript. None where the deployment did not say."""

    model: str | None
    model_revision: str | None
    transcriber: str
    image: str | None


@dataclass(frozen=True)
class Model:
    """`whisper` tells what the weights are for; all work is given to `engine`, which reads `workers` batches of `batch`
    windows at once."""

    whisper: WhisperModel
    engine: Engine
    batch: int
    workers: int
    speech: onnxruntime.InferenceSession
    device: str
    compute_type: str
    threads: int
    provenance: Provenance


def check_weights(folder: Path) -> None:
    """Raises ModelError, before anything slow happens, when the folder does not hold a CTranslate2 model."""
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        found = sorted(path.name for path in folder.iterdir())[:10] if folder.is_dir() else "no such folder"
        raise ModelError(
            f"{folder} has no {', '.join(missing)} (found: {found or 'nothing'}). "
            "It must hold Whisper weights converted for CTranslate2, for example those of Systran/faster-whisper-base."
        )


def load(folder: Path, environment: Mapping[str, str]) -> Model:
    """Loads the weights on the best device.

    `environment` gives WHISPER_COMPUTE_TYPE and the provenance. Raises ModelError.
    """
    check_weights(folder)
    device = hardware.device(environment.get("WHISPER_FLAVOUR"))
    compute_type = hardware.compute_type(environment.get("WHISPER_COMPUTE_TYPE") or "auto", device)
    threads = hardware.cpu_count()
    workers = min(WORKERS, threads) if device == "cpu" else 1
    try:
        whisper = WhisperModel(
            str(folder), device, compute_type=compute_type, cpu_threads=threads // workers, num_workers=workers
        )
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"the weights in {folder} can't be loaded on {device} as {compute_type}: {error}") from error
    provenance = Provenance(
        model=environment.get("WHISPER_MODEL"),
        model_revision=environment.get("WHISPER_MODEL_REVISION"),
        transcriber=TRANSCRIBER_FILE.read_text(encoding="ascii").strip(),
        image=environment.get("WHISPER_IMAGE"),
    )
    batch = BATCH // workers
    return Model(
        whisper=whisper,
        engine=Engine(Reader(whisper).read, batch, workers),
        batch=batch,
        workers=workers,
        speech=speech.session(threads // workers),
        device=device,
        compute_type=compute_type,
        threads=threads,
        provenance=provenance,
    )
