"""Jobs and their results: what a caller asks of them, whatever shape they came in."""

from typing import Any

import pytest

from bria_async.errors import JobError, JobFailed
from bria_async.types.ads import Ad, GeneratedAds
from bria_async.types.jobs import GeneratedImages, JobResult, Submission
from bria_async.wire.convert import ConversionError, structure, unstructure

A, B = "https://a/1.png", "https://a/2.png"


@pytest.mark.parametrize("name", ["image_url", "video_url", "mask_url", "url"])
def test_what_was_made_has_one_address(name: str) -> None:
    """Whether it is an image, a video or a mask, of the result and of the submission it came with."""
    done = structure({"request_id": "r1", "result": {name: A, "structured_prompt": "{}"}}, Submission)
    assert done.address == done.result.address == A


@pytest.mark.parametrize("result", [{"structured_prompt": "{}"}, {"image_url": ""}, {}])
def test_a_result_without_an_address_says_so(result: dict[str, str]) -> None:
    """A structured prompt is no picture."""
    with pytest.raises(JobFailed, match="made no image, video or mask"):
        _ = structure(result, JobResult).address


def test_a_job_under_way_has_no_address_yet() -> None:
    """The error is one of jobs, names this one, and says how to go on."""
    with pytest.raises(JobError, match=r"job r1: it is still under way\. .*jobs\.wait") as caught:
        _ = Submission(request_id="r1").address
    assert caught.value.request_id == "r1"


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        ({"status_url": "https://a/v2/status/r1"}, "r1"),
        ({"status_url": "https://a/v2/status/r1/?x=2#y"}, "r1"),
        ({"status_url": "http://a/status/r%201", "request_id": None}, "r 1"),
        ({"status_url": "https://a/v2/status/r1", "request_id": ""}, "r1"),
        ({"status_url": "https://a/v2/status/r1", "request_id": "r2"}, "r2"),
        ({"status_url": "http://[", "result": {"image_url": A}}, ""),
    ],
)
def test_an_id_is_found_in_the_address_of_the_status(body: dict[str, Any], request_id: str) -> None:
    """A job that was accepted is not lost because its id stands in one place only; a journal finds it again."""
    found = structure(body, Submission)
    assert found.request_id == request_id
    assert structure(unstructure(found), Submission) == found
    assert found.extra == {}


@pytest.mark.parametrize("address", [None, 5, "", "https://a", "https://a/", "r1", "http://["])
def test_an_answer_without_any_id_is_no_submission(address: object) -> None:
    """A host is no id."""
    with pytest.raises(ConversionError, match="lacks 'request_id'"):
        structure({"status_url": address}, Submission)


def test_images_are_those_that_were_not_blocked() -> None:
    """In order and with their addresses; ads stay ads."""
    body = {"result": [{"urls": [A], "seed": 1}, {"blocked": True}, {"urls": [B], "seed": 2, "id": "x"}]}
    assert [image.seed for image in structure(body, GeneratedImages).images] == [1, 2]
    assert [(type(ad), ad.id) for ad in structure(body, GeneratedAds).images] == [(Ad, None), (Ad, "x")]
