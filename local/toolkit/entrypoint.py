"""Serves the handlers in the image by AWS's inference toolkit, as the entrypoint of AWS's PyTorch inference image does.

There the toolkit starts TorchServe, which needs PyTorch. Here it starts the Multi Model Server, of which TorchServe is
a fork: its settings are the same ones under another prefix.
"""

from __future__ import annotations

import os
import sys

from sagemaker_inference import model_server

TORCHSERVE, MULTI_MODEL_SERVER = "TS_", "MMS_"


def main(arguments: list[str]) -> int:
    """Serves until SIGTERM; the exit code."""
    if arguments != ["serve"]:
        print(f"usage: serve; found {' '.join(arguments)}", file=sys.stderr)
        return 2
    for name, value in dict(os.environ).items():
        if name.startswith(TORCHSERVE):
            os.environ[MULTI_MODEL_SERVER + name.removeprefix(TORCHSERVE)] = value
    _bind(os.environ.get("BIND_HOST", "0.0.0.0"))  # noqa: S104 SageMaker calls from outside the container
    model_server.start_model_server()
    return 0


def _bind(host: str) -> None:
    """The toolkit listens everywhere; on this machine its container shares the host's network."""
    properties = model_server._generate_mms_config_properties

    def on_host(*arguments: object) -> str:
        return properties(*arguments).replace("http://0.0.0.0:", f"http://{host}:")

    model_server._generate_mms_config_properties = on_host


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
