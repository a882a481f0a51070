"""ECR: what it tells is what the registry holds, and what it refuses is refused in the registry too."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from local.paths import cache_dir
from local.registry import docker_registry
from local.tests.aws.aws_rig import MANIFEST_TYPE, Aws, basic, digest, manifest, push, refused


def test_the_token_is_a_login_at_the_registry_for_twelve_hours(aws: Aws) -> None:
    data = aws.ecr.get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == f"http://{aws.session.images}"
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert password == aws.session.registry.password_file.read_text()
    left = data["expiresAt"] - datetime.now(timezone.utc)
    assert left > timedelta(hours=11, minutes=55)


def test_a_repository_uri_is_where_images_are_pushed(aws: Aws) -> None:
    name = aws.repository()
    found = aws.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert found["repositoryUri"] == f"{aws.session.images}/{name}"


def test_an_image_is_described_as_it_lies_in_the_registry(aws: Aws) -> None:
    name = aws.repository()
    pushed = aws.push(name, "v1", b"content")
    aws.push(name, "latest", b"content")
    by_tag = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert by_tag["imageDigest"] == pushed == digest(manifest(b"content"))
    assert by_tag["imageTags"] == ["latest", "v1"]
    assert by_tag["imageSizeInBytes"] == 2 * len(b"content")
    assert by_tag["imageStatus"] == "ACTIVE"
    by_digest = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": pushed}])["imageDetails"]
    assert by_digest == [by_tag]
    got = aws.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}, {"imageTag": "no"}])
    assert got["images"][0]["imageManifest"].encode() == manifest(b"content")
    assert got["failures"][0]["failureCode"] == "ImageNotFound"
    assert len(aws.ecr.list_images(repositoryName=name)["imageIds"]) == 2


@pytest.mark.parametrize("image_id", [{"imageTag": "absent"}, {"imageDigest": "sha256:" + "0" * 64}])
def test_an_image_that_was_not_pushed_is_not_found(aws: Aws, image_id: dict[str, str]) -> None:
    name = aws.repository()
    with refused("ImageNotFoundException", "does not exist within the repository with name"):
        aws.ecr.describe_images(repositoryName=name, imageIds=[image_id])


def test_an_absent_repository_is_not_found(aws: Aws) -> None:
    for call in (aws.ecr.describe_images, aws.ecr.list_images, aws.ecr.delete_repository):
        with refused("RepositoryNotFoundException", "The repository with name 'nope' does not exist"):
            call(repositoryName="nope")


def test_a_second_repository_of_the_name_is_refused(aws: Aws) -> None:
    name = aws.repository()
    with refused("RepositoryAlreadyExistsException", "already exists"):
        aws.ecr.create_repository(repositoryName=name)


def test_a_repository_name_outside_the_rules_is_refused(aws: Aws) -> None:
    with refused("InvalidParameterException", "repositoryName"):
        aws.ecr.create_repository(repositoryName="Upper")


def test_a_push_to_a_repository_that_nobody_created_is_refused(aws: Aws) -> None:
    status, text = push(aws.session.images, aws.token(), "never/created", "v1", b"x")
    assert (status, "NAME_UNKNOWN" in text) == (404, True)


def test_a_push_needs_the_right_password(aws: Aws) -> None:
    aws.control("registry", {"password": "wrong"})
    name = aws.repository()
    assert aws.token() == basic("AWS", "wrong")
    status, _ = push(aws.session.images, aws.token(), name, "v1", b"x")
    assert status == 401


def test_an_immutable_tag_cannot_be_moved_but_pushed_again(aws: Aws) -> None:
    name = aws.repository("IMMUTABLE")
    first = aws.push(name, "v1", b"one")
    status, text = push(aws.session.images, aws.token(), name, "v1", b"two")
    assert (status, "TAG_INVALID" in text, "already exists" in text) == (400, True, True)
    assert aws.push(name, "v1", b"one") == first
    found = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert found["imageDigest"] == first


def test_a_mutable_tag_moves_and_the_old_image_stays_by_digest(aws: Aws) -> None:
    name = aws.repository()
    first, second = aws.push(name, "v1", b"one"), aws.push(name, "v1", b"two")
    found = aws.ecr.describe_images(repositoryName=name)["imageDetails"]
    assert {image["imageDigest"]: image.get("imageTags") for image in found} == {first: None, second: ["v1"]}


def test_a_blob_of_many_megabytes_passes(aws: Aws) -> None:
    name = aws.repository()
    content = bytes(range(256)) * (64 << 10)
    assert aws.push(name, "big", content) == digest(manifest(content))


def test_a_tag_is_taken_off_and_with_its_last_tag_an_image_goes(aws: Aws) -> None:
    name = aws.repository("IMMUTABLE")
    pushed = aws.push(name, "v1")
    aws.push(name, "v2")

    def delete(**image_id: str) -> tuple[object, object]:
        answer = aws.ecr.batch_delete_image(repositoryName=name, imageIds=[image_id])
        return answer["imageIds"], [failure["failureCode"] for failure in answer["failures"]]

    assert delete(imageTag="v1", imageDigest="sha256:" + "0" * 64) == ([], ["ImageTagDoesNotMatchDigest"])
    assert delete(imageTag="v1") == ([{"imageDigest": pushed, "imageTag": "v1"}], [])
    assert delete(imageTag="v1") == ([], ["ImageNotFound"])
    for gone in ({"imageTag": "v1"}, {"imageTag": "v1", "imageDigest": pushed}):
        with refused("ImageNotFoundException"):
            aws.ecr.describe_images(repositoryName=name, imageIds=[gone])
    left = aws.ecr.describe_images(repositoryName=name)["imageDetails"]
    assert [(image["imageDigest"], image["imageTags"]) for image in left] == [(pushed, ["v2"])]
    assert pull(aws, name, "v1") == 404
    # A tag that was taken off is free again.
    other = aws.push(name, "v1", b"other")
    assert delete(imageDigest=other) == ([{"imageDigest": other, "imageTag": "v1"}], [])
    assert delete(imageTag="v2") == ([{"imageDigest": pushed, "imageTag": "v2"}], [])
    assert aws.ecr.describe_images(repositoryName=name)["imageDetails"] == []
    assert pull(aws, name, pushed) == 404


def pull(aws: Aws, repository: str, reference: str) -> int:
    connection = http.client.HTTPConnection(aws.session.images, timeout=30)
    headers = {"Authorization": f"Basic {aws.token()}", "Accept": MANIFEST_TYPE}
    connection.request("GET", f"/v2/{repository}/manifests/{reference}", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_images_are_listed_in_pages_those_without_a_tag_too(aws: Aws) -> None:
    name = aws.repository()
    digests = [aws.push(name, "moving", bytes([number])) for number in range(3)]
    pages = aws.ecr.get_paginator("describe_images").paginate(
        repositoryName=name, PaginationConfig={"PageSize": 2}, filter={"tagStatus": "ANY"}
    )
    found = [[image["imageDigest"] for image in page["imageDetails"]] for page in pages]
    assert found == [digests[:2], digests[2:]]
    untagged = aws.ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert untagged == [{"imageDigest": digest} for digest in digests[:2]]
    tagged = aws.ecr.list_images(repositoryName=name, filter={"tagStatus": "TAGGED"}, maxResults=1)
    assert tagged["imageIds"] == [{"imageDigest": digests[2], "imageTag": "moving"}]
    assert "nextToken" not in tagged


def test_a_repository_with_images_is_deleted_by_force_only_and_comes_back_empty(aws: Aws) -> None:
    name = aws.repository()
    aws.push(name, "v1")
    with refused("RepositoryNotEmptyException", "still contains images"):
        aws.ecr.delete_repository(repositoryName=name)
    aws.ecr.delete_repository(repositoryName=name, force=True)
    aws.ecr.create_repository(repositoryName=name)
    assert aws.ecr.describe_images(repositoryName=name)["imageDetails"] == []


def test_a_lifecycle_policy_and_tags_are_kept(aws: Aws) -> None:
    name = aws.repository()
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    policy = json.dumps({"rules": [rule]})
    aws.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    assert aws.ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"] == policy
    arn = aws.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]
    aws.ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "b"}])
    assert aws.ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "b"}]


def test_a_tag_that_the_repository_excludes_moves_and_the_others_do_not(aws: Aws) -> None:
    name = aws.name("excluding")
    excluded = [{"filterType": "WILDCARD", "filter": "cache-*"}]
    aws.ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=excluded,
    )
    aws.push(name, "v1", b"one")
    assert push(aws.session.images, aws.token(), name, "v1", b"two")[0] == 400
    aws.push(name, "cache-cpu", b"one")
    moved = aws.push(name, "cache-cpu", b"two")
    found = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "cache-cpu"}])["imageDetails"][0]
    assert found["imageDigest"] == moved


def test_another_account_s_registry_is_open_where_it_was_shared_and_nowhere_else(aws: Aws) -> None:
    account = "763104351884"
    for refusing in (
        lambda: aws.ecr.get_authorization_token(registryIds=[account]),
        lambda: aws.ecr.describe_repositories(registryId=account, repositoryNames=["shared"]),
    ):
        with refused("AccessDeniedException", f"in the registry of account {account}"):
            refusing()
    host = aws.control("registry", {"account": account, "repository": "shared"})["registry"]
    assert host != aws.session.images
    data = aws.ecr.get_authorization_token(registryIds=[account])["authorizationData"][0]
    assert data["proxyEndpoint"] == f"http://{host}"
    found = aws.ecr.describe_repositories(registryId=account, repositoryNames=["shared"])["repositories"][0]
    assert (found["repositoryUri"], found["registryId"]) == (f"{host}/shared", account)
    assert push(host, data["authorizationToken"], "shared", "v1", b"x")[0] == 201
    assert push(host, aws.token(), "shared", "v2", b"x")[0] == 401
    images = aws.ecr.describe_images(registryId=account, repositoryName="shared")["imageDetails"]
    assert [(image["registryId"], image["imageTags"]) for image in images] == [(account, ["v1"])]
    with refused("RepositoryNotFoundException"):
        aws.ecr.describe_images(repositoryName="shared")
    with refused("AccessDeniedException", "CreateRepository"):
        aws.ecr.create_repository(registryId=account, repositoryName="mine")


def test_what_is_kept_of_an_account_s_registry_is_there_when_it_is_opened_again(aws: Aws) -> None:
    def tags(account: str) -> list[str]:
        images = aws.ecr.describe_images(registryId=account, repositoryName="images")["imageDetails"]
        return [tag for image in images for tag in image["imageTags"]]

    name = aws.name("kept")
    first, second = "111111111111", "222222222222"
    host = aws.control("registry", {"account": first, "repository": "images", "kept": name})["registry"]
    assert tags(first) == []
    token = aws.ecr.get_authorization_token(registryIds=[first])["authorizationData"][0]["authorizationToken"]
    assert push(host, token, "images", "v1", b"x")[0] == 201
    try:
        aws.control("registry", {"account": first, "keep": name})
        assert push(host, token, "images", "v2", b"y")[0] == 201
        aws.control("registry", {"account": second, "repository": "images", "kept": name})
        assert tags(second) == ["v1"]
    finally:
        shutil.rmtree(cache_dir() / docker_registry.OTHERS / name)
