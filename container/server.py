"""The container's program: `serve` loads the model and answers /ping and /invocations until SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence

import uvicorn

import inference
from pipeline import hardware
from pipeline.errors import ModelError
from pipeline.model import check_weights
from serving import log
from serving.app import create_app
from serving.service import Service
from serving.settings import Settings, SettingsError, from_environment

# SageMaker kills 30 s after SIGTERM: the running request may use most of that, and its answer still has to leave.
GRACE_SECONDS = 20.0
ANSWER_SECONDS = 3


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: that ends the process by the signal, and SageMaker expects exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings) -> int:
    """Serves until a signal comes or the model can't be loaded; returns the process's exit code."""
    service = Service(settings.concurrency)
    server = _Server(
        uvicorn.Config(
            create_app(service, inference),
            host=settings.host,
            port=settings.port,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(GRACE_SECONDS) + ANSWER_SECONDS,
        )
    )

    def stop() -> None:
        log.info("stopping", grace_seconds=GRACE_SECONDS)
        service.stop(GRACE_SECONDS)
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    loading = asyncio.create_task(_load(service, settings))
    serving = asyncio.create_task(server.serve())
    # While the model is loading /ping answers 503; a model that can't be loaded ends the process.
    await asyncio.wait({loading, serving}, return_when=asyncio.FIRST_COMPLETED)
    code = loading.result() if loading.done() else 0
    if code:
        server.should_exit = True
    await serving
    return code


async def _load(service: Service, settings: Settings) -> int:
    log.info("loading", model_dir=str(settings.model_dir))
    try:
        model = await service.load(inference.model_fn, str(settings.model_dir))
    except ModelError as error:
        log.error("cannot_serve", reason=str(error))
        return 1
    gpu = {"driver": hardware.driver()} if model.device == "cuda" else {}
    log.info("ready", device=model.device, compute_type=model.compute_type, threads=model.threads, **gpu)
    if os.environ.get("WHISPER_FLAVOUR") == "cuda" and model.device == "cpu":
        log.error("no_gpu", reason="this is the CUDA image on a machine without a GPU: the CPU does the work, slowly")
    return 0


def main(arguments: Sequence[str]) -> int:
    if list(arguments) != ["serve"]:
        print(f"usage: serve (SageMaker starts the image so); found {' '.join(arguments)[:100]!r}", file=sys.stderr)
        return 2
    log.configure()
    try:
        settings = from_environment(os.environ)
        check_weights(settings.model_dir)
    except (SettingsError, ModelError) as error:
        log.error("cannot_serve", reason=str(error))
        return 1
    return asyncio.run(serve(settings))


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    # Not sys.exit: it would wait for the inference thread, whose C++ code nothing can interrupt.
    os._exit(exit_code)
