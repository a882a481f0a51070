"""Images for a machine without a Docker engine: SageMaker is given one as ever, and a process runs in its place.

They are real images in the local ECR, but hold only the sources that the process engine runs from the checkout.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.paths import CONTAINER_FOLDER, INSTANT_FOLDER
from local.registry.login import RegistryAuth
from local.registry.oci import Reference, push_folder

# The process engine (process.py) tells them apart by the repository's name.
STAND_INS = {
    "WHISPER_IMAGE_URI": ("whisper-sagemaker/stand-in", CONTAINER_FOLDER),
    "WHISPER_INSTANT_IMAGE": ("whisper-sagemaker/instant", INSTANT_FOLDER),
}


def push(aws: dict[str, str], registry: str, auth: RegistryAuth) -> dict[str, str]:
    """Makes the repositories, as a client with the environment `aws`, and pushes the images; the variables for them."""
    # Half a second that an `up` with a Docker engine need not wait.
    import boto3

    ecr = boto3.client(
        "ecr",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name=aws["AWS_REGION"],
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )
    env = {}
    for variable, (repository, folder) in STAND_INS.items():
        ecr.create_repository(repositoryName=repository)
        digest = push_folder(Reference(registry, repository, "local"), auth, folder, _sources(folder))
        env[variable] = f"{registry}/{repository}@{digest}"
    return env


def _sources(folder: Path) -> list[Path]:
    """What git would take into a commit: no caches, no bytecode."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", str(folder)],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := folder / name).is_file()]
