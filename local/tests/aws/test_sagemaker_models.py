"""CreateModel, CreateEndpointConfig: what they refuse, and that nothing is lost between Create and Describe."""

from __future__ import annotations

import json

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


POOL = {"InstanceType": "ml.g5.xlarge", "Priority": 1}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


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
        ({"InstancePools": [POOL | {"Priority": 6}]}, "less than or equal to 5"),
        ({"InstancePools": []}, "length greater than or equal to 1"),
        ({"InstancePools": [POOL, POOL | {"Priority": 2}]}, "The InstanceType of each instance pool"),
        ({"InstancePools": [POOL, POOL | {"InstanceType": "ml.g6.xlarge"}]}, "The Priority of each instance pool"),
        ({"InstancePools": [POOL], "RoutingConfig": {"RoutingStrategy": "RANDOM"}}, "LEAST_OUTSTANDING_REQUESTS"),
        ({"InstancePools": [POOL], "VolumeSizeInGB": 30}, "not supported for instance type ml.g5.xlarge"),
        ({"kms": KEY}, "KmsKeyId is not supported for instance type ml.g5.xlarge"),
        ({"kms": "my key"}, "regular expression pattern"),
        ({"kms": "my-key", "InstanceType": "ml.c6i.large"}, "Invalid KMS key ID"),
        ({"output": {"KmsKeyId": KEY.replace("us-east-1", "eu-west-1")}}, "it must be in us-east-1"),
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


def test_a_type_without_a_disk_of_its_own_takes_a_volume_and_a_key(aws: Aws) -> None:
    alias = "alias/whisper"
    config = aws.config(
        "c", aws.model(), kms=alias, output={"KmsKeyId": KEY}, InstanceType="ml.c6i.large", VolumeSizeInGB=30
    )
    described = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)
    assert (described["KmsKeyId"], described["ProductionVariants"][0]["VolumeSizeInGB"]) == (alias, 30)
    assert described["AsyncInferenceConfig"]["OutputConfig"]["KmsKeyId"] == KEY


def test_a_models_subnets_and_security_groups_must_exist(aws: Aws) -> None:
    network = aws.control("network")
    subnet, group = network["subnets"][0], network["security_groups"][0]
    image, role = aws.image(), aws.role()

    def create(name: str, subnets: list[str], groups: list[str]) -> None:
        aws.sagemaker.create_model(
            ModelName=aws.name(name),
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": image},
            VpcConfig={"Subnets": subnets, "SecurityGroupIds": groups},
        )

    for subnets, groups, text in (
        (["my-subnet"], [group], "'my-subnet' is not the ID of a subnet"),
        ([subnet], ["sg-1"], "'sg-1' is not the ID of a security group"),
        ([subnet, "subnet-0123456789abcdef0"], [group], "'subnet-0123456789abcdef0' does not exist"),
        ([subnet], ["sg-0123456789abcdef0"], "'sg-0123456789abcdef0' does not exist"),
        ([subnet], [], "length greater than or equal to 1"),
    ):
        with refused("ValidationException", text):
            create("refused", subnets, groups)
    create("model", [subnet], [group])
    assert aws.sagemaker.describe_model(ModelName=aws.name("model"))["VpcConfig"]["Subnets"] == [subnet]


def test_the_execution_role_is_held_to_its_policies(aws: Aws) -> None:
    """Each statement taken away makes the step fail that needs it."""
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="m/model.bin", Body=b"x")
    topic = aws.client("sns").create_topic(Name=aws.name("topic"))["TopicArn"]
    source = {"S3DataSource": {"S3Uri": f"s3://{bucket}/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    image = aws.image()
    everything = {
        "ecr:GetAuthorizationToken": "*",
        "ecr:Batch*": "arn:aws:ecr:us-east-1:123456789012:repository/repo-*",
        "ecr:GetDownloadUrlForLayer": "arn:aws:ecr:us-east-1:123456789012:repository/repo-*",
        "s3:GetObject": f"arn:aws:s3:::{bucket}/*",
        "s3:ListBucket": f"arn:aws:s3:::{bucket}",
        "s3:PutObject": f"arn:aws:s3:::{bucket}/output/*",
        "sns:Publish": topic,
    }

    def allow(**without: str) -> None:
        granted = {action: resource for action, resource in everything.items() if action not in without}
        statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in granted.items()]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        aws.client("iam").put_role_policy(RoleName=aws.name("role"), PolicyName="p", PolicyDocument=document)

    aws.role()
    output = {"S3FailurePath": f"s3://{bucket}/output/f", "NotificationConfig": {"ErrorTopic": topic}}
    for number, action in enumerate(everything):
        allow(**{action: ""})
        if action.startswith("ecr:"):
            with refused("ValidationException", "cannot pull"):
                aws.model("refused", image=image, ModelDataSource=source)
        elif action == "s3:GetObject":
            with refused("ValidationException", "Could not access model data"):
                aws.model("refused", image=image, ModelDataSource=source)
        else:
            allow()
            config = aws.config(
                f"c{number}", aws.model(f"m{number}", image=image, ModelDataSource=source), output=output
            )
            allow(**{action: ""})
            with refused("ValidationException", f"{action} is missing" if "sns" in action else action):
                aws.start(config)
    allow()
    assert aws.settled(aws.start(config))["EndpointStatus"] == "InService"


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
    for tags, text in (
        ([{"Key": "aws:mine", "Value": ""}], "aws: prefixed"),
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "Duplicate tag keys"),
        ([{"Key": "a", "Value": "x" * 257}], "length less than or equal to 256"),
    ):
        with refused("ValidationException", text):
            aws.sagemaker.add_tags(ResourceArn=arn, Tags=tags)
    with refused("ValidationException", "Could not find resource"):
        aws.sagemaker.list_tags(ResourceArn=f"{arn}-absent")


def test_lists_are_told_in_pages_by_name_and_time(aws: Aws) -> None:
    image = aws.image()
    names = [aws.model(f"page{n}", image=image) for n in range(11)]
    configs = [aws.config(f"page{n}", names[n]) for n in range(3)]
    assert len(aws.sagemaker.list_models(NameContains=aws.unique)["Models"]) == 10
    pages = aws.sagemaker.get_paginator("list_models").paginate(NameContains=aws.unique.upper())
    listed = [model for page in pages for model in page["Models"]]
    assert [model["ModelName"] for model in listed] == names[::-1]
    young = aws.sagemaker.list_models(NameContains=aws.unique, CreationTimeBefore=listed[-3]["CreationTime"])
    assert [model["ModelName"] for model in young["Models"]] == [names[1], names[0]]
    page = aws.sagemaker.list_endpoint_configs(NameContains=f"page0-{aws.unique}", MaxResults=1)
    assert [config["EndpointConfigName"] for config in page["EndpointConfigs"]] == configs[:1]
    assert "NextToken" not in page
    with refused("ValidationException", "less than or equal to 100"):
        aws.sagemaker.list_endpoints(MaxResults=101)


def test_a_signature_for_another_region_is_refused(aws: Aws) -> None:
    with refused("InvalidSignatureException", "Credential should be scoped to a valid region"):
        aws.client("sagemaker", region="eu-west-1").list_models()
