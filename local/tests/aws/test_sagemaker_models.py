"""CreateModel, CreateEndpointConfig: what they refuse, and that nothing is lost between Create and Describe."""

from __future__ import annotations

import pytest

from local.tests.aws.aws_rig import Aws, push, refused


def create(aws: Aws, **changes: object) -> None:
    params = {
        "ModelName": aws.name("m"),
        "ExecutionRoleArn": aws.role(),
        "PrimaryContainer": {"Image": "unused/x:1"},
        **changes,
    }
    aws.sagemaker.create_model(**params)


@pytest.mark.parametrize("name", ["bad_name", "ends-", "-starts", "x" * 64])
def test_a_model_name_outside_the_rules_is_refused(aws: Aws, name: str) -> None:
    with refused("ValidationException", "'modelName' failed to satisfy constraint"):
        create(aws, ModelName=name)


def test_a_second_model_of_the_name_is_refused(aws: Aws) -> None:
    name = aws.model()
    with refused(
        "ValidationException",
        f'Cannot create already existing model "arn:aws:sagemaker:us-east-1:123456789012:model/{name}"',
    ):
        create(aws, ModelName=name)


def test_an_absent_model_is_not_found(aws: Aws) -> None:
    for call in (aws.sagemaker.describe_model, aws.sagemaker.delete_model):
        with refused("ValidationException", 'Could not find model "arn:aws:sagemaker:'):
            call(ModelName="nope")


def test_a_role_that_does_not_exist_is_refused(aws: Aws) -> None:
    with refused("ValidationException", "Could not assume role"):
        create(aws, ExecutionRoleArn="arn:aws:iam::123456789012:role/nobody")


def test_a_role_that_sagemaker_may_not_assume_is_refused(aws: Aws) -> None:
    other = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = aws.role(other)
    with refused("ValidationException", f"Could not assume role {role}"):
        create(aws, ExecutionRoleArn=role)


@pytest.mark.parametrize("reference", [":absent", "@sha256:" + "0" * 64])
def test_an_image_that_was_not_pushed_cannot_be_pulled(aws: Aws, reference: str) -> None:
    image = f"{aws.session.images}/{aws.repository()}{reference}"
    with refused("ValidationException", f"cannot pull {image}"):
        create(aws, PrimaryContainer={"Image": image})


def test_an_image_with_an_oci_manifest_is_refused(aws: Aws) -> None:
    repository = aws.repository()
    kind = "application/vnd.oci.image.manifest.v1+json"
    assert push(aws.session.images, aws.token(), repository, "oci", b"one", kind)[0] == 201
    with refused("ValidationException", f"Unsupported manifest media type {kind}"):
        create(aws, PrimaryContainer={"Image": f"{aws.session.images}/{repository}:oci"})


def test_an_image_outside_ecr_is_refused(aws: Aws) -> None:
    with refused("ValidationException", 'Using non-ECR image "docker.io/library/x:1"'):
        create(aws, PrimaryContainer={"Image": "docker.io/library/x:1"})


def test_model_data_that_is_not_there_is_refused(aws: Aws) -> None:
    uri = f"s3://{aws.bucket()}/nothing/"
    source = {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}}
    with refused("ValidationException", f"Could not find model data at {uri}"):
        aws.model(ModelDataSource=source)


def test_a_prefix_without_a_slash_is_refused(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="models/a", Body=b"x")
    source = {"S3DataSource": {"S3Uri": f"s3://{bucket}/models", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    with refused("ValidationException", "must end with a forward slash"):
        aws.model(ModelDataSource=source)


def test_an_environment_over_32_kib_is_refused(aws: Aws) -> None:
    with refused("ValidationException", "32768 bytes are allowed"):
        aws.model(env={f"N{n}": "x" * 1000 for n in range(40)})


def test_describe_model_gives_back_what_was_given(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="m/config.json", Body=b"{}")
    image = aws.image()
    source = {"S3DataSource": {"S3Uri": f"s3://{bucket}/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    name = aws.model(image=image, env={"A": "b"}, ModelDataSource=source)
    described = aws.sagemaker.describe_model(ModelName=name)
    expected = {"Image": image, "Mode": "SingleModel", "Environment": {"A": "b"}, "ModelDataSource": source}
    assert described["PrimaryContainer"] == expected
    assert described["ExecutionRoleArn"] == aws.role()
    assert described["EnableNetworkIsolation"] is False
    assert described["ModelArn"].endswith(f":model/{name}")


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        ({"InstanceType": "ml.g99.xlarge"}, "satisfy enum value set"),
        ({"InitialInstanceCount": 0}, "greater than or equal to 1"),
        ({"InferenceAmiVersion": "al2-nonsense"}, "satisfy enum value set"),
        ({"VolumeSizeInGB": 30}, "VolumeSizeInGB is not supported for instance type ml.g5.xlarge"),
        ({"ContainerStartupHealthCheckTimeoutInSeconds": 30}, "greater than or equal to 60"),
        ({"ModelDataDownloadTimeoutInSeconds": 3601}, "less than or equal to 3600"),
        ({"VariantName": "All_Traffic"}, "regular expression pattern"),
        ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "inference component endpoints"),
        ({"InstancePools": [{"InstanceType": "ml.g5.xlarge", "Priority": 6}]}, "less than or equal to 5"),
    ],
)
def test_a_variant_outside_the_rules_is_refused(aws: Aws, variant: dict[str, object], text: str) -> None:
    model = aws.model()
    with refused("ValidationException", text):
        aws.config("c", model, **variant)


@pytest.mark.parametrize(
    "kind", ["ml.g4dn.xlarge", "ml.g6.2xlarge", "ml.g6e.xlarge", "ml.p4d.24xlarge", "ml.c6i.large"]
)
def test_the_instance_types_of_today_are_accepted(aws: Aws, kind: str) -> None:
    config = aws.config("c", aws.model(), InstanceType=kind, InferenceAmiVersion="al2-ami-sagemaker-inference-gpu-3-1")
    variant = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    assert variant["InstanceType"] == kind
    assert variant["InferenceAmiVersion"] == "al2-ami-sagemaker-inference-gpu-3-1"
    assert variant["InitialVariantWeight"] == 1.0


def test_a_config_of_an_absent_model_is_refused(aws: Aws) -> None:
    with refused("ValidationException", "Could not find model"):
        aws.config("c", "nope")


def test_a_second_config_of_the_name_is_refused(aws: Aws) -> None:
    model = aws.model()
    aws.config("c", model)
    with refused("ValidationException", "Cannot create already existing endpoint configuration"):
        aws.config("c", model)


def test_an_absent_config_is_not_found(aws: Aws) -> None:
    for call in (aws.sagemaker.describe_endpoint_config, aws.sagemaker.delete_endpoint_config):
        with refused("ValidationException", 'Could not find endpoint configuration "arn:aws:sagemaker:'):
            call(EndpointConfigName="nope")


def test_a_required_member_that_is_missing_is_named(aws: Aws) -> None:
    with refused("ValidationException", "Value null at 'endpointConfigName'"):
        aws.sagemaker.create_endpoint(EndpointName="e")


def test_tags_are_kept_and_can_be_changed(aws: Aws) -> None:
    arn = aws.sagemaker.describe_model(ModelName=aws.model())["ModelArn"]
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_models_are_listed_by_name_in_pages(aws: Aws) -> None:
    image = aws.image()
    names = {aws.model(f"page{n}", image=image) for n in range(5)}
    pages = aws.sagemaker.get_paginator("list_models").paginate(
        NameContains=aws.unique, PaginationConfig={"PageSize": 2}
    )
    listed = [[model["ModelName"] for model in page["Models"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    assert {name for page in listed for name in page} == names


def test_a_signature_for_another_region_is_refused(aws: Aws) -> None:
    with refused("InvalidSignatureException", "Credential should be scoped to a valid region"):
        aws.client("sagemaker", region="eu-west-1").list_models()
