"""Recorded replies of every operation, read into typed values."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from bria_async.types.common import Value
from bria_async.types.jobs import RESULTS, Blocked, GeneratedImage
from bria_async.types.models import ModelStatus
from bria_async.wire import Call
from bria_async.wire.convert import structure, unstructure
from bria_async.wire.reply import Reply
from tests.support import HERE, contract, endpoint, reply

NAMES = sorted(file.stem for file in (HERE / "replies").glob("*.json"))
NOON = dt.datetime(2024, 5, 26, 12, tzinfo=dt.UTC)


def read(name: str) -> Any:
    """The typed answer that a recorded reply becomes."""
    recorded = reply(name)
    content_type = recorded.get("content_type", "application/json")
    body = recorded["body"]
    text = body if content_type != "application/json" else "" if body is None else json.dumps(body)
    operation = ".".join(name.split(".")[:2])
    found = Reply(recorded["status"], {"content-type": content_type}, text.encode())
    return found.value(Call(endpoint(operation), "/"))


def values_in(answer: Any) -> Iterator[Value]:
    """An answer and all values inside it."""
    if isinstance(answer, tuple):
        for item in answer:
            yield from values_in(item)
    elif isinstance(answer, Value):
        yield answer
        for field in attrs.fields(type(answer)):
            yield from values_in(getattr(answer, field.name))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_recorded_reply_is_read(name: str) -> None:
    """No documented field is left in `extra` (but a flat result), and none that holds something is lost."""
    for value in values_in(read(name)):
        unknown = set(value.extra) - set(RESULTS)
        assert not unknown, f"{type(value).__name__} does not know {unknown}"
        for field in attrs.fields(type(value)):
            if value.raw.get(field.name) is not None:
                assert getattr(value, field.name) is not None, f"{field.name} was lost"


@pytest.mark.parametrize("name", NAMES)
def test_answers_survive_the_way_through_json(name: str) -> None:
    """An answer becomes JSON and the same answer again, as the journal needs it."""
    answer = read(name)
    operation = ".".join(name.split(".")[:2])
    again = structure(json.loads(json.dumps(unstructure(answer))), endpoint(operation).answer)
    assert again == answer


DELETIONS = [name for name, row in contract().items() if row["method"] == "DELETE"]


@pytest.mark.parametrize("name", [*DELETIONS, "images.bulk_upload", "models.stop_training"])
def test_answers_without_a_documented_body_are_nothing(name: str) -> None:
    """A deletion may come with a body (SEED 003), an undocumented body may be anything: neither is read."""
    assert read(name) is None


KEY_VALUES: list[tuple[str, str, Any]] = [
    ("projects.create", "training_version", "fibo"),
    ("projects.get", "created_at", NOON),
    ("projects.list", "1.ip_type", "icons"),
    ("projects.update", "project_name", "Branded Character"),
    ("projects.list_datasets", "0.images_count", 1500),
    ("projects.list_datasets", "1.status", "draft"),
    ("projects.list_datasets.with_models", "0.models.0.status", ModelStatus.COMPLETED),
    ("projects.list_datasets.with_models", "0.model_ids", (12,)),
    ("projects.list_models", "0.status", ModelStatus.IN_PROGRESS),
    ("datasets.list", "0.project_id", 123),
    ("datasets.create", "created_at", dt.datetime(2025, 8, 20, 9, 51, 58, 80018, tzinfo=dt.UTC)),
    ("datasets.create.2024", "use_case", "illustrative_style"),
    ("datasets.create.2024", "images", ()),
    ("datasets.get", "images.1.image_name", "lora_sitting.png"),
    ("datasets.update", "status", "completed"),
    ("datasets.clone", "visual_schema", '{"style": "flat"}'),
    ("datasets.download", "captions_url", "https://api.example.com/files/captions.json?sig=2"),
    ("images.list", "0.caption_source", "automatic"),
    ("images.upload", "caption", None),
    ("images.upload", "caption_source", "pending"),
    ("images.upload.2024", "id", 123),
    ("images.upload.2024", "image_name", "Illustration1.png"),
    ("images.regenerate_captions", "captions_update_status", "in_progress"),
    ("images.bulk_upload_status", "failed_images.0.error_code", 412),
    ("images.update", "caption_source", "manual"),
    ("models.list", "0.training_parameters.rank", 128),
    ("models.create", "status", ModelStatus.CREATED),
    ("models.upload", "status", "syncing"),
    ("models.get", "active_model_version", "500"),
    ("models.list_checkpoints", "checkpoints.0.checkpoint_step", 500),
    ("models.get_checkpoint", "training_job_id", 9),
    ("models.download", "base_model_name", "FIBO"),
    ("models.start_training", "training_parameters.learning_rate", 0.0001),
    ("models.start_training.2024", "status", ModelStatus.IN_PROGRESS),
    ("tailored.generate_prefix", "prefix", "An illustration of a character named Lora,"),
    ("tailored.text_to_image", "result.1.seed", 222222),
    ("tailored.text_to_vector", "urls.0", "https://storage.server/generate_image/some_uuid/seed_111111.png"),
    ("tailored.restyle_portrait", "result.0.urls", ("http://example.com",)),
    ("tailored.restyle_portrait.image_res", "result.0.urls", ("http://example.com",)),
    ("tailored.generate", "warning", "the prompt was shortened"),
    ("tailored.generate", "result", None),
    ("tailored.generate.flat", "result.image_url", "https://api.example.com/files/1.png"),
    ("tailored.generate.flat", "request_id", ""),
    ("tailored.generate.nested", "result.seed", 42),
    ("tailored.image_to_video", "request_id", "0f7c5c1e"),
    ("jobs.status", "result.seed", 42),
    ("jobs.status.failed", "error.code", "VALIDATION_ERROR"),
    ("jobs.status.video", "result.video_url", "https://api.example.com/files/1.mp4"),
]


@pytest.mark.parametrize(("name", "path", "expected"), KEY_VALUES)
def test_key_values_are_read(name: str, path: str, expected: Any) -> None:
    """The values that matter arrive under their names and as their types."""
    found = read(name)
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    assert found == expected


def test_texts_that_hold_json_are_parsed_on_request() -> None:
    """A visual schema and a structured prompt are texts, with their data one call away."""
    assert read("tailored.generate_visual_schema").data() == {"style": "flat"}
    assert read("tailored.refine_structured_prompt").data() == {"style": "round"}


def test_blocked_outputs_stand_among_the_images() -> None:
    """An output that moderation stopped is a value of its own, in its place."""
    first, second = read("tailored.text_to_image.blocked").result
    assert isinstance(first, GeneratedImage)
    assert isinstance(second, Blocked)
    assert second.description == "content moderation"
