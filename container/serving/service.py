"""One model, as many threads as requests may run at once, and a short waiting line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

from pipeline.errors import RequestError, is_fatal

# Requests taken beyond what SageMaker may send at once: its count and ours differ for a moment when a request ends.
SPARE_PLACES = 2

T = TypeVar("T")


class Service:
    """Runs the handlers' slow functions in threads of their own, so that /ping is always answered.

    `concurrency` requests run at once and share the model. Used from one event loop only.
    """

    def __init__(self, concurrency: int) -> None:
        self._places = concurrency + SPARE_PLACES
        self._taken = 0
        self._threads = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="request")
        self._deadline = asyncio.Event()
        self._model: Any = None
        self._broken = False
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether the model is loaded and the device still works: what /ping says."""
        return self._model is not None and not self._broken and not self._stopping

    async def load(self, model_fn: Callable[[str], Any], model_dir: str) -> Any:
        """Loads the model in a thread and returns it."""
        self._model = await self._in_thread(model_fn, model_dir)
        return self._model

    def place(self) -> ExitStack:
        """Takes one place in the line; closing gives it back. Raises RequestError 503 when there is none to be had."""
        if self._stopping:
            raise _stopping()
        if not self.ready:
            raise RequestError(503, "not_ready", "the model is being loaded, or its GPU has failed")
        if self._taken >= self._places:
            raise RequestError(
                503, "busy", f"{self._taken} requests are being worked on or waiting; send it again later"
            )
        self._taken += 1
        held = ExitStack()
        held.callback(self._leave)
        return held

    def _leave(self) -> None:
        self._taken -= 1

    async def predict(self, predict_fn: Callable[[Any, Any], T], data: Any) -> T:
        """Runs predict_fn(data, model) when its turn comes. Raises RequestError 503 when the server must stop first."""
        try:
            return await self._in_thread(predict_fn, data, self._model)
        except Exception as error:
            self._broken = self._broken or is_fatal(error)
            raise

    def stop(self, grace: float) -> None:
        """Takes no more requests; those under way fail `grace` seconds from now."""
        if not self._stopping:
            self._stopping = True
            asyncio.get_running_loop().call_later(grace, self._deadline.set)

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        work = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        deadline = asyncio.ensure_future(self._deadline.wait())
        try:
            await asyncio.wait({work, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()  # Waiting work never starts; running work can't be interrupted and ends with the process.
                raise _stopping()
            return work.result()
        finally:
            deadline.cancel()


def _stopping() -> RequestError:
    return RequestError(503, "stopping", "this instance is being stopped; send the request again")
