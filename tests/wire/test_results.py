"""Results in the shapes of all eras: addresses, arrays of them, triples, blocked outputs, flat and nested."""

from typing import Any

import pytest

from bria_async.types.jobs import Blocked, GeneratedImage, GeneratedImages, ResultImage, Submission
from bria_async.wire.convert import structure

A, B = "https://a/1.png", "http://b/2.png"


def shown(found: GeneratedImages) -> list[Any]:
    """Addresses, seed and name of each image, the reason of each block."""
    return [
        (item.urls, item.seed, item.name) if isinstance(item, GeneratedImage) else item.description
        for item in found.result
    ]


def image(*urls: str, seed: int | None = None, name: str | None = None) -> Any:
    """How an image is shown."""
    return (urls, seed, name)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"result": A}, [image(A)]),
        ({"result": [A, B]}, [image(A), image(B)]),
        ({"result": [[A], [[B]]]}, [image(A), image(B)]),
        ({"result": [{"urls": A, "seed": "5"}]}, [image(A, seed=5)]),
        ({"result": {"urls": [A, B], "seed": 5}}, [image(A, B, seed=5)]),
        ({"result": [{"urls": [[A], B]}]}, [image(A, B)]),
        ({"result": [{"image_url": A}, {"image_res": B}, {"url": A}]}, [image(A), image(B), image(A)]),
        ({"result": [{"urls": [], "image_url": A}]}, [image(A)]),
        ({"urls": [A, B]}, [image(A), image(B)]),
        ({"urls": A}, [image(A)]),
        ({"image_url": A, "seed": 4}, [image(A, seed=4)]),
        ({"image_res": A}, [image(A)]),
        ({"url": A}, [image(A)]),
        ({"result": [[A, 5, "vase"]]}, [image(A, seed=5, name="vase")]),
        ({"result": [A, 5, "vase"]}, [image(A, seed=5, name="vase")]),
        ({"result": [[A, 5], [B, "6"]]}, [image(A, seed=5), image(B, seed=6)]),
        ({"result": [[A, None, "vase"]]}, [image(A, name="vase")]),
        (
            {"result": [[[A, 5, "vase"]], [[B, 6, "cup"]]]},
            [image(A, seed=5, name="vase"), image(B, seed=6, name="cup")],
        ),
        ({"result": [{"blocked": True, "description": "unsafe"}, A]}, ["unsafe", image(A)]),
        ({"result": [A, {"blocked": True, "description": "unsafe"}]}, [image(A), "unsafe"]),
        ({"result": [A, "unsafe"]}, [image(A), "unsafe"]),
        ({"result": ["unsafe", A]}, ["unsafe", image(A)]),
        ({"result": [{"blocked": False, "urls": [A]}]}, [image(A)]),
        ({"result": [[A, 5, "vase"], ["unsafe"]]}, [image(A, seed=5, name="vase"), "unsafe"]),
        ({"result": "unsafe"}, ["unsafe"]),
        ({"result": None, "urls": [A]}, [image(A)]),
        ({"result": []}, []),
    ],
)
def test_v1_results_are_found_in_every_shape(body: Any, expected: list[Any]) -> None:
    """Each image with its seed and name, each block with its reason, in order; the answer itself stays in `raw`."""
    found = structure(body, GeneratedImages)
    assert shown(found) == expected
    assert found.raw == body


def test_blocked_outputs_have_no_addresses() -> None:
    """The addresses of an answer are those of its images."""
    found = structure({"result": [{"blocked": True, "error_code": 1017, "urls": [A]}, {"urls": [B]}]}, GeneratedImages)
    assert found.urls == (B,)
    first = found.result[0]
    assert isinstance(first, Blocked)
    assert first.error_code == 1017


@pytest.mark.parametrize(
    ("body", "request_id", "url"),
    [
        ({"request_id": "r", "result": {"image_url": A}}, "r", A),
        ({"request_id": "r", "image_url": A}, "r", A),
        ({"image_url": A}, "", A),
        ({"request_id": None, "result": {"image_url": A}}, "", A),
        ({"request_id": None, "image_url": A}, "", A),
    ],
)
def test_a_result_without_an_id_is_not_lost(body: Any, request_id: str, url: str) -> None:
    """Flat or nested, with an id, with null for it, or with none: what was paid for is there (C24)."""
    found = structure(body, Submission)
    assert found.result is not None
    assert (found.request_id, found.result.image_url) == (request_id, url)


def test_an_edit_takes_its_state_along() -> None:
    """The address, the `sid` for the next edit, and a seed that may be a text."""
    found = structure({"result_url": A, "sid": 12, "seed": "7"}, ResultImage)
    assert (found.result_url, found.sid, found.seed) == (A, "12", 7)
    assert found.extra == {}
