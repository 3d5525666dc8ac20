"""Answers that differ between generations, and words that nobody documented."""

import copy
import json
import pickle
from typing import Any

import pytest

from bria_async.types.ads import GeneratedAds
from bria_async.types.common import OpenEnum
from bria_async.types.datasets import CaptionsUpdateStatus, Dataset, DatasetStatus
from bria_async.types.images import BulkUpload, CaptionSource, DatasetImage
from bria_async.types.jobs import (
    Blocked,
    GeneratedImage,
    GeneratedImages,
    JobStatus,
    JobWord,
    Submission,
)
from bria_async.types.models import Model, ModelStatus
from bria_async.types.tailored import CaptionPrefix, StructuredPrompt, VisualSchema
from bria_async.wire.convert import ConversionError, structure, unstructure


@pytest.mark.parametrize(
    ("kind", "word", "member"),
    [
        (DatasetStatus, "COMPLETED", DatasetStatus.COMPLETED),
        (DatasetStatus, "Completed", DatasetStatus.COMPLETED),
        (CaptionsUpdateStatus, "In Progress", CaptionsUpdateStatus.IN_PROGRESS),
        (CaptionSource, "Automatic", CaptionSource.AUTOMATIC),
        (ModelStatus, "InProgress", ModelStatus.IN_PROGRESS),
        (ModelStatus, "Training In Progress", ModelStatus.IN_PROGRESS),
        (ModelStatus, "training_in_progress", ModelStatus.IN_PROGRESS),
        (ModelStatus, "ready", ModelStatus.COMPLETED),
        (ModelStatus, "completed", ModelStatus.COMPLETED),
        (JobWord, "FAILED", JobWord.ERROR),
        (JobWord, "in_progress", JobWord.IN_PROGRESS),
    ],
)
def test_words_of_every_era_are_the_same_member(kind: type[OpenEnum], word: str, member: OpenEnum) -> None:
    """Case, blanks, underscores and older words do not matter."""
    assert kind(word) is member


@pytest.mark.fault("N10")
@pytest.mark.parametrize("word", ["Deleted", "syncing", ""])
def test_unknown_words_are_kept_and_end_nothing(word: str) -> None:
    """A word that is not known stays as it came, through copies and pickles, and does not end a wait."""
    status = ModelStatus(word)
    assert status == word
    assert str(status) == word
    assert not status.is_over
    assert pickle.loads(pickle.dumps(status)) == word  # noqa: S301  # made on the line itself
    assert copy.deepcopy(status) == word
    assert json.dumps(unstructure(Model(id=1, status=status))) == json.dumps({"id": 1, "status": word})


def test_a_model_is_over_when_it_cannot_be_started_again() -> None:
    """Completed, Failed and Stopped are final, Stopping is not."""
    over = {status for status in ModelStatus if status.is_over}
    assert over == {ModelStatus.COMPLETED, ModelStatus.FAILED, ModelStatus.STOPPED}


def test_the_word_itself_stays_in_the_raw_answer() -> None:
    """What a synonym stood for is read, what it was stays reachable."""
    model = structure({"id": 1, "status": "ready"}, Model)
    assert model.status is ModelStatus.COMPLETED
    assert model.raw == {"id": 1, "status": "ready"}


@pytest.mark.fault("N10")
def test_what_is_not_known_is_kept_in_extra() -> None:
    """Fields of a later generation are neither lost nor an error."""
    image = structure({"id": 1, "file_name": "a.png", "sharpness": 3}, DatasetImage)
    assert image.image_name == "a.png"
    assert image.extra == {"sharpness": 3}


def test_a_new_name_wins_over_an_older_one() -> None:
    """An answer with both names is read by the newer."""
    assert structure({"id": 1, "file_name": "old", "image_name": "new"}, DatasetImage).image_name == "new"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created_at", "soon"),
        ("images_count", "many"),
        ("images", {"id": 1}),
        ("images", "none"),
        ("images", [{"name": "without an id"}]),
        ("model_ids", [[]]),
        ("name", {"en": "cats"}),
        ("status", 7.5j),
    ],
)
def test_a_field_of_an_unexpected_type_costs_only_itself(field: str, value: Any) -> None:
    """What cannot be read is None, the rest of the answer is there, and the raw JSON has it all."""
    dataset = structure({"id": 5, "upload_type": "basic", field: value}, Dataset)
    assert getattr(dataset, field) is None
    assert (dataset.id, dataset.upload_type) == (5, "basic")
    assert dataset.raw[field] == value


def test_a_text_is_not_an_array_of_letters() -> None:
    """Only an array is read as one; where nothing can be read, a field with a default keeps it."""
    assert structure({"id": 1, "checkpoint_steps": "100"}, Model).checkpoint_steps is None
    assert structure({"done": 3, "failed_images": "none"}, BulkUpload) == BulkUpload(done=3)


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": True}, {"id": 1.5}, {"id": [1]}, [], "5", None])
def test_an_answer_without_an_id_is_none(data: Any) -> None:
    """Without a usable id there is nothing to go on with, and that is said."""
    with pytest.raises(ConversionError, match=r"Model|id"):
        structure(data, Model)


@pytest.mark.parametrize(
    ("came", "read"), [(12, 12), ("12", 12), ("0012", "0012"), ("a9f-long", "a9f-long"), ("١٢", "١٢")]
)
def test_ids_are_numbers_where_they_are_written_as_numbers(came: Any, read: Any) -> None:
    """An id is the same whether it came as a number or a text; legacy ids stay texts."""
    assert structure({"id": came}, Model).id == read


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        ({"result": [{"urls": "https://a"}]}, ("https://a",)),
        ({"result": [{"urls": ["https://a", "https://b"]}]}, ("https://a", "https://b")),
        ({"result": [[{"urls": ["https://a"]}], [{"urls": [["https://b"]]}]]}, ("https://a", "https://b")),
        ({"urls": ["https://a", "https://b"]}, ("https://a", "https://b")),
        ({"result": [{"image_res": "https://a"}, {"image_url": "https://b"}]}, ("https://a", "https://b")),
        ({"result": [{"urls": ["https://a"], "blocked": False}]}, ("https://a",)),
        ({"result": ["https://a", "blocked by moderation"]}, ("https://a",)),
        ({"result": []}, ()),
    ],
)
def test_addresses_of_v1_results_are_found_in_every_shape(body: Any, urls: tuple[str, ...]) -> None:
    """A text, an array, nested arrays, at the top level, under older names: always one tuple of addresses."""
    assert structure(body, GeneratedImages).urls == urls


@pytest.mark.parametrize("body", [{}, {"id": None}, {"detail": "busy"}, {"result": None}])
@pytest.mark.parametrize("kind", [GeneratedImages, GeneratedAds])
def test_images_without_any_result_are_none(body: Any, kind: Any) -> None:
    """Neither addresses nor an empty array of them: that is no answer to a billed request."""
    with pytest.raises(ConversionError, match=r"result|array"):
        structure(body, kind)


def test_texts_among_results_are_reasons_of_a_block() -> None:
    """A bare text that is no address says why an output was blocked."""
    blocked, image = structure({"result": [["unsafe output"], {"urls": "https://a"}]}, GeneratedImages).result
    assert isinstance(blocked, Blocked)
    assert blocked.description == "unsafe output"
    assert isinstance(image, GeneratedImage)


def test_results_made_here_survive_the_way_through_json() -> None:
    """Values that no server sent become JSON from their fields."""
    made = GeneratedImages(result=(Blocked(blocked=True), GeneratedImage(urls=("https://a",), seed=3)))
    assert structure(json.loads(json.dumps(unstructure(made))), GeneratedImages) == made


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status_url": "https://a"},
        {"request_id": None},
        {"result": None},
        {"request_id": "a", "error": {"code": 500}},
    ],
)
def test_a_submission_without_id_and_result_is_none(body: Any) -> None:
    """Neither something to wait for nor a result, or an error: that is no answer to a billed request."""
    with pytest.raises(ConversionError, match=r"request_id|text"):
        structure(body, Submission)


def test_a_flat_status_is_read_like_a_nested_one() -> None:
    """The result of a job is found beside its status too."""
    status = structure({"status": "COMPLETED", "video_url": "https://a"}, JobStatus)
    assert status.result is not None
    assert status.result.video_url == "https://a"


@pytest.mark.parametrize("key", ["prefix", "caption_prefix", "generated_prefix"])
def test_a_prefix_is_found_under_whatever_key(key: str) -> None:
    """The key of a caption prefix is not documented."""
    assert structure({key: "An illustration of"}, CaptionPrefix).prefix == "An illustration of"


def test_a_prefix_that_cannot_be_told_is_none() -> None:
    """Two texts of which neither is named so are not guessed at."""
    with pytest.raises(ConversionError, match="prefix"):
        structure({"a": "one", "b": "two"}, CaptionPrefix)


def test_an_object_in_place_of_encoded_json_is_encoded() -> None:
    """A server that forgets to encode costs nothing."""
    assert structure({"visual_schema": {"a": 1}}, VisualSchema).data() == {"a": 1}
    assert structure({"structured_prompt": {"a": 1}}, StructuredPrompt).structured_prompt == '{"a": 1}'
