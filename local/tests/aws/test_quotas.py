"""Service Quotas: what an account may run for endpoints, as SageMaker holds it against requests."""

from __future__ import annotations

import re

from local.tests.aws.aws_rig import Aws, refused


def test_a_quota_is_found_by_its_name_through_all_pages_and_by_its_code(aws: Aws) -> None:
    client = aws.client("service-quotas")
    aws.control("quota", {"ml.g4dn.xlarge": 3})
    pages = list(client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker"))
    quotas = {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}
    assert len(pages) > 5
    assert max(len(page["Quotas"]) for page in pages) == 100
    found = quotas["ml.g4dn.xlarge for endpoint usage"]
    assert (found["Value"], found["Adjustable"]) == (3.0, True)
    assert re.fullmatch("L-[0-9A-F]{8}", found["QuotaCode"])
    assert quotas["ml.g4dn.xlarge for training job usage"]["Value"] == 0
    assert len({quota["QuotaCode"] for quota in quotas.values()}) == len(quotas)
    assert client.get_service_quota(ServiceCode="sagemaker", QuotaCode=found["QuotaCode"])["Quota"] == found
    default = client.list_aws_default_service_quotas(ServiceCode="sagemaker", MaxResults=1)
    assert (len(default["Quotas"]), "NextToken" in default) == (1, True)
    aws.control("quota", {"ml.g4dn.xlarge": None})
    assert client.get_service_quota(ServiceCode="sagemaker", QuotaCode=found["QuotaCode"])["Quota"]["Value"] == 100


def test_what_is_not_a_quota_is_refused(aws: Aws) -> None:
    client = aws.client("service-quotas")
    with refused("NoSuchResourceException"):
        client.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")
    with refused("NoSuchResourceException"):
        client.list_service_quotas(ServiceCode="coffee")
    with refused("IllegalArgumentException", "maxResults"):
        client.list_service_quotas(ServiceCode="sagemaker", MaxResults=101)
    with refused("InvalidPaginationTokenException"):
        client.list_service_quotas(ServiceCode="sagemaker", NextToken="abc")


def test_pools_may_fill_the_quota_of_each_of_their_types(aws: Aws) -> None:
    pools = [{"InstanceType": "ml.g5.xlarge", "Priority": 1}, {"InstanceType": "ml.g6.xlarge", "Priority": 2}]
    config = aws.config("c", aws.model(), InstancePools=pools)
    aws.control("quota", {"ml.g5.xlarge": 0, "ml.g6.xlarge": 0})
    with refused("ResourceLimitExceeded", "'ml.g5.xlarge for endpoint usage' is 0 Instances"):
        aws.start(config)
    aws.control("quota", {"ml.g6.xlarge": 1})
    endpoint = aws.start(config)
    assert aws.settled(endpoint)["EndpointStatus"] == "InService"
