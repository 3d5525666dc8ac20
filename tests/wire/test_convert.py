"""The converter against data that nobody documented."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.types.datasets import Dataset
from bria_async.types.jobs import GeneratedImages, JobStatus, Submission
from bria_async.types.models import Model
from bria_async.wire.convert import ConversionError, structure, unstructure

FIELDS = [
    *("id", "status", "images", "models", "model_ids", "created_at", "images_count", "request_id"),
    *("result", "urls", "blocked", "image_url", "error", "code", "training_parameters", "seed"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["Completed", "https://a", "2024-05-26T12:00:00Z", "12"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=15,
)


@pytest.mark.parametrize("kind", [Dataset, Model, Submission, JobStatus, GeneratedImages, tuple[Model, ...]])
@given(data=JSON)
def test_any_json_is_an_answer_or_a_conversion_error(kind: Any, data: Any) -> None:
    """No data breaks the converter; what it accepts keeps the raw JSON and reads the same again."""
    try:
        found = structure(data, kind)
    except ConversionError:
        return
    if not isinstance(found, tuple):
        assert found.raw == data
    assert structure(json.loads(json.dumps(unstructure(found))), kind) == found


def test_untyped_answers_pass_through() -> None:
    """`Any` and `dict` are given as they come, and nothing is nothing."""
    assert structure({"a": [1]}, Any) == {"a": [1]}
    assert structure({"a": [1]}, dict) == {"a": [1]}
    assert structure({"a": [1]}, type(None)) is None


def test_a_list_says_which_item_does_not_fit() -> None:
    """The position of the first bad one."""
    with pytest.raises(ConversionError, match="item 1: Model lacks 'id'"):
        structure([{"id": 1}, {"name": "x"}], tuple[Model, ...])


@pytest.mark.parametrize(
    ("came", "read"),
    [
        ("2024-05-26T12:00:00Z", "2024-05-26T12:00:00+00:00"),
        ("2025-08-20T09:51:58.080018", "2025-08-20T09:51:58.080018+00:00"),
    ],
)
def test_moments_with_and_without_a_zone(came: str, read: str) -> None:
    """A naive moment is taken as UTC."""
    found = structure({"id": 1, "created_at": came}, Model)
    assert found.created_at.isoformat() == read


@pytest.mark.parametrize(("came", "read"), [("42", 42), (42, 42), (42.0, 42), (42.5, None), (True, None), ("x", None)])
def test_whole_numbers(came: Any, read: int | None) -> None:
    """A number in quotes is one (C25); a fraction, a boolean or a word is not."""
    found = structure({"request_id": "r", "result": {"seed": came}}, Submission)
    assert found.result.seed == read
