"""The server's own life: what is left of it when it has ended."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from local.tests.aws.aws_rig import Aws, running, wait


def test_a_server_that_is_stopped_leaves_no_instance_and_no_model_data(tmp_path: Path) -> None:
    with running(tmp_path) as session:
        aws = Aws(session)
        aws.s3.put_object(Bucket=aws.bucket(), Key="m/model.bin", Body=b"weights")
        source = {"S3Uri": f"s3://{aws.name('bucket')}/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}
        model = aws.model(ModelDataSource={"S3DataSource": source})
        endpoint = aws.start(aws.config("c", model))
        aws.settled(endpoint)
        aws.invoke(endpoint, b"sleep:60")
        wait(lambda: aws.control(f"endpoints/{endpoint}")["running"] == 1)
        url = aws.control(f"endpoints/{endpoint}")["instances"][0]["url"]
        assert list(tmp_path.glob("model-*/model.bin"))
        session.server.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/ping", timeout=5)
    assert not list(tmp_path.glob("model-*"))
    assert not (tmp_path / "server.json").exists()
