"""Media types in and out."""

import pytest

from pipeline import media
from pipeline.errors import RequestError


@pytest.mark.parametrize(
    "content_type",
    ["audio/mpeg", "AUDIO/X-Anything", "video/mp4", "application/octet-stream", "audio/ogg; codecs=opus"],
)
def test_audio_is_taken_by_any_of_its_names(content_type):
    media.check_content_type(content_type)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json", "image/png", "video/webm"])
def test_other_types_are_refused(content_type):
    with pytest.raises(RequestError) as caught:
        media.check_content_type(content_type)
    assert (caught.value.status_code, caught.value.code) == (415, "unsupported_content_type")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, media.JSON),
        ("", media.JSON),
        ("*/*", media.JSON),
        ("application/json", media.JSON),
        ("application/*", media.JSON),
        ("text/plain", media.TEXT),
        ("text/plain; charset=utf-8", media.TEXT),
        ("text/*", media.TEXT),
        ("text/plain, */*", media.TEXT),
        ("image/png, text/plain", media.TEXT),
        ("application/json;q=0.2, text/plain;q=0.9", media.TEXT),
        ("text/plain;q=0, */*", media.JSON),
    ],
)
def test_the_answer_is_what_the_caller_likes_best(accept, chosen):
    assert media.negotiate(accept) == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/json;q=0"])
def test_an_answer_that_can_not_be_given_is_refused(accept):
    with pytest.raises(RequestError) as caught:
        media.negotiate(accept)
    assert (caught.value.status_code, caught.value.code) == (406, "unsupported_accept")
