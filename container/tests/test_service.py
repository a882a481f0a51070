"""What the server does when inference itself goes wrong, which real weights don't do on request."""

import asyncio
import threading
from types import ModuleType

import httpx
import pytest
from conftest import SPEECH
from words import compared

import inference
from pipeline.errors import EngineStopped, RequestError
from serving.app import create_app
from serving.service import Service


def handlers(predict_fn) -> ModuleType:
    module = ModuleType("handlers")
    module.model_fn = lambda model_dir: "the model"
    module.input_fn = lambda body, content_type, context: body.read()
    module.predict_fn = predict_fn
    module.output_fn = lambda prediction, accept: ("{}", "application/json")
    return module


def answers(predict_fn, requests: int = 1) -> tuple[list[httpx.Response], int]:
    """The answers to `requests` requests one after the other, and the status of the /ping after them."""

    async def conversation():
        service = Service(concurrency=1)
        module = handlers(predict_fn)
        await service.load(module.model_fn, "")
        transport = httpx.ASGITransport(create_app(service, module))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            found = [await client.post("/invocations", content=b"audio") for _ in range(requests)]
            return found, (await client.get("/ping")).status_code

    return asyncio.run(conversation())


def failing_with(error: Exception):
    def predict_fn(data, model):
        raise error

    return predict_fn


def test_an_unexpected_error_is_a_500_without_its_details():
    (answer,), ping = answers(failing_with(KeyError("secret detail")))
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
    assert ping == 200


@pytest.mark.parametrize(
    ("error", "ping_afterwards"),
    [
        (RuntimeError("CUDA failed with error an illegal memory access was encountered"), 503),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_EXECUTION_FAILED"), 503),
        (RuntimeError("CUDA failed with error out of memory"), 200),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), 200),
        (RuntimeError("something else"), 200),
        (EngineStopped("stopped"), 503),
    ],
)
def test_a_broken_gpu_takes_the_instance_out_of_service_and_a_full_one_does_not(error, ping_afterwards):
    found, ping = answers(failing_with(error), requests=2)
    assert ping == ping_afterwards
    assert [answer.status_code for answer in found] == [500, 500 if ping == 200 else 503]


def test_a_request_that_outlives_the_grace_is_failed_and_new_ones_are_refused():
    go_on = threading.Event()

    async def conversation():
        service = Service(concurrency=1)
        await service.load(lambda model_dir: "the model", "")
        running = asyncio.create_task(service.predict(lambda data, model: go_on.wait(60), b""))
        waiting = asyncio.create_task(service.predict(lambda data, model: None, b""))
        await asyncio.sleep(0)
        service.stop(grace=0.01)
        assert not service.ready
        for refused in (running, waiting):
            with pytest.raises(RequestError) as caught:
                await refused
            assert (caught.value.status_code, caught.value.code) == (503, "stopping")
        with pytest.raises(RequestError, match="being stopped"):
            service.place()
        go_on.set()

    asyncio.run(conversation())


class Device:
    """The real model on a device that fails as CTranslate2 says it does: `fits` windows, or with `failure` for good."""

    def __init__(self, model) -> None:
        self._model = model
        self.num_workers = 1
        self.fits = 8
        self.failure = "CUDA failed with error out of memory"

    def __getattr__(self, name):
        return getattr(self._model, name)

    def generate(self, storage, prompts, **how):
        if len(prompts) > self.fits:
            raise RuntimeError(self.failure)
        return self._model.generate(storage, prompts, **how)


def test_a_device_whose_memory_is_small_does_the_work_in_parts_and_one_that_fails_is_replaced(tiny):
    speech = b"".join((SPEECH / f"{name}.mp3").read_bytes() for name in ("sense-and-sensibility", "ask-not"))

    async def conversation():
        service = Service(concurrency=1)
        model = await service.load(inference.model_fn, str(tiny))
        device = model.whisper.model = Device(model.whisper.model)
        transport = httpx.ASGITransport(create_app(service, inference))
        headers = {"content-type": "audio/mpeg", "accept": "text/plain"}

        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:

            async def ask() -> tuple[httpx.Response, int]:
                answer = await client.post("/invocations", content=speech, headers=headers)
                return answer, (await client.get("/ping")).status_code

            found = [await ask()]
            for device.fits in (1, 0, 1):
                found.append(await ask())
            device.fits, device.failure = 0, "CUDA failed with error an illegal memory access was encountered"
            return [*found, await ask(), await ask()]

    whole, in_parts, nothing, again, failed, afterwards = asyncio.run(conversation())
    assert "Dashwood" in whole[0].text
    assert again[0].text == in_parts[0].text
    # Windows that are read alone know less of each other.
    assert compared(whole[0].text, in_parts[0].text).wer < 0.2
    assert (nothing[0].status_code, nothing[0].json()["error"]["code"]) == (500, "out_of_memory")
    assert failed[0].status_code == 500
    assert (afterwards[0].status_code, afterwards[0].json()["error"]["code"]) == (503, "not_ready")
    assert [ping for _, ping in (whole, in_parts, nothing, again, failed, afterwards)] == [200, 200, 200, 200, 503, 503]
