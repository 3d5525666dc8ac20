"""How answers are read where the API's documents contradict each other, a test per row of the contract's table."""

from typing import Any

import pytest

from bria_async.types.datasets import CaptionsUpdateStatus
from bria_async.types.jobs import Blocked, GeneratedImages, Submission
from bria_async.types.models import Model, ModelStatus
from bria_async.wire.convert import structure
from tests.support import (
    endpoint,
)


def read(operation: str, data: Any) -> Any:
    """What an operation makes of an answer."""
    return structure(data, endpoint(operation).answer)


@pytest.mark.parametrize(
    ("word", "member"),
    [
        ("Created", ModelStatus.CREATED),
        ("Training In Progress", ModelStatus.IN_PROGRESS),
        ("ready", ModelStatus.COMPLETED),
        ("completed", ModelStatus.COMPLETED),
    ],
)
def test_c02_client_knows_the_words_of_all_eras(word: str, member: ModelStatus) -> None:
    """They are the same six states."""
    assert read("models.get", {"id": 1, "status": word}).status is member


@pytest.mark.parametrize("word", ["syncing", "Deleted", "Queued"])
def test_c02_client_keeps_unknown_words_and_ends_nothing_on_them(word: str) -> None:
    """The word is there as it came, and the training is not over."""
    model: Model = read("models.get", {"id": 1, "status": word})
    assert model.status is not None
    assert (model.status, model.raw["status"], model.status.is_over) == (word, word, False)


@pytest.mark.parametrize(
    "body",
    [
        {"result": [{"urls": "https://a/1.png"}]},
        {"result": [{"urls": ["https://a/1.png"]}]},
        {"urls": ["https://a/1.png"]},
        {"urls": "https://a/1.png"},
    ],
)
def test_c11_client_reads_urls_as_text_array_and_at_the_top(body: Any) -> None:
    """All are one tuple of addresses."""
    assert read("tailored.text_to_image", body).urls == ("https://a/1.png",)


@pytest.mark.parametrize(
    ("operation", "blocked"),
    [
        ("tailored.text_to_image", {"blocked": True, "error_code": 1, "description": "unsafe"}),
        ("products.lifestyle_shot_by_text", ["unsafe"]),
        ("products.lifestyle_shot_by_image", "unsafe"),
    ],
)
def test_c13_client_reads_a_blocked_output_in_either_shape(operation: str, blocked: Any) -> None:
    """An object, or a text inside an array, is the same value in its place."""
    images: GeneratedImages = read(operation, {"result": [["https://a/1.png", 3, "1.png"], blocked]})
    first, second = images.result
    assert images.urls == ("https://a/1.png",)
    assert isinstance(second, Blocked)
    assert (second.blocked, second.description) == (True, "unsafe")
    assert not isinstance(first, Blocked)


@pytest.mark.parametrize("name", ["caption_prefix", "visual_schema"])
def test_c15_client_needs_neither_prefix_nor_schema(name: str) -> None:
    """A dataset has the one, the other, or none."""
    assert getattr(read("datasets.get", {"id": 1, name: "x"}), name) == "x"
    assert getattr(read("datasets.get", {"id": 1}), name) is None


def test_c16_client_reads_empty_as_a_word_of_its_own() -> None:
    """It is neither in progress nor unknown."""
    data = {"id": 1, "captions_update_status": "empty"}
    assert read("datasets.get", data).captions_update_status is CaptionsUpdateStatus.EMPTY


@pytest.mark.parametrize("fields", [{}, {"updated_at": None}, {"updated_at": "2025-08-20T09:51:58.080018"}])
@pytest.mark.parametrize("operation", ["projects.get", "datasets.get", "models.get"])
def test_c21_client_needs_no_updated_at(operation: str, fields: dict[str, Any]) -> None:
    """Absent and null are None."""
    assert (read(operation, {"id": 1, **fields}).updated_at is None) is (not fields.get("updated_at"))


@pytest.mark.parametrize(
    "body",
    [
        {"request_id": "r", "result": {"image_url": "https://a/1.png", "structured_prompt": "{}"}},
        {"image_url": "https://a/1.png", "structured_prompt": "{}"},
    ],
)
def test_c24_client_finds_a_result_nested_and_flat(body: Any) -> None:
    """Under `result`, else at the top."""
    found: Submission = read("tailored.generate", body)
    assert found.result is not None
    assert (found.result.image_url, found.result.structured_prompt) == ("https://a/1.png", "{}")


@pytest.mark.parametrize("operation", ["tailored.generate", "generation.generate", "editing.gen_fill"])
@pytest.mark.parametrize("seed", [42, "42"])
def test_c25_client_reads_a_seed_of_either_type(operation: str, seed: Any) -> None:
    """It is a number."""
    assert read(operation, {"request_id": "r", "result": {"seed": seed}}).result.seed == 42
