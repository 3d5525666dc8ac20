"""Objects in parameters: what is documented of their fields holds as it does for parameters, however deep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict

import pytest

from bria_async import wire
from bria_async.errors import InvalidParameter
from bria_async.types.common import MAX_IMAGE_BYTES, ImageInput
from bria_async.wire import Call
from tests.wire.echo import Echo

HEADER = "data:image/png;base64,"


class Place(TypedDict):
    """Where something is."""

    x: Annotated[int, wire.Range(0, 10)]
    side: Literal["left", "right"]


class Sticker(TypedDict, total=False):
    """An image and more."""

    image: Annotated[ImageInput, wire.Image()]
    masks: Annotated[Sequence[Annotated[ImageInput, wire.Image(address=False)]], wire.Items(1, 2)]
    owner: Annotated[int | str, wire.AsText()]
    mood: Annotated[Literal["calm"], wire.Alias("quiet", "calm")]
    places: Sequence[Place]
    notes: Mapping[str, Any]


class Pages(wire.Family):
    """A family that the API does not have."""

    @wire.post("/v1/pages", effect="safe")
    async def add(
        self,
        *,
        cover: Sticker | None = None,
        stickers: Sequence[Sticker] | None = None,
        centre: Place | None = None,
    ) -> Any:
        """Add a page."""


async def add(*, strict: bool = True, keep_data_uri: bool = False, **values: Any) -> Any:
    """The body of `add` with these values."""
    call = await Pages(Echo(strict=strict, keep_data_uri=keep_data_uri)).add(**values)
    assert isinstance(call, Call)
    return call.json


def test_fields_are_known() -> None:
    """Of an object and of the objects in an array alike, with what is documented about each."""
    by_name = Pages.endpoints["add"].by_name
    assert dict(by_name["cover"].fields) == dict(by_name["stickers"].fields)
    place = by_name["cover"].fields["places"].fields
    assert (place["x"].kinds, place["x"].facts, place["x"].required) == ((int,), (wire.Range(0, 10),), True)
    assert place["side"].enum == ("left", "right")
    assert not by_name["cover"].fields["image"].required
    assert by_name["cover"].fields["notes"].fields == {}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"image": Path("a.png")}, {"image": Path("a.png")}),
        ({"image": b"x", "masks": (b"y", HEADER + "QUJD")}, {"image": b"x", "masks": [b"y", "QUJD"]}),
        ({"image": HEADER + "QUJD"}, {"image": "QUJD"}),
        ({"image": "https://a/1.png"}, {"image": "https://a/1.png"}),
        ({"owner": 7, "mood": "quiet"}, {"owner": "7", "mood": "calm"}),
        ({"places": ({"x": 10, "side": "left"},)}, {"places": [{"x": 10, "side": "left"}]}),
        ({"notes": {"any": [None, {"thing": b"z"}]}}, {"notes": {"any": [None, {"thing": b"z"}]}}),
    ],
)
async def test_fields_are_spelled_as_the_api_wants_them(given: Any, sent: Any) -> None:
    """In an object, in an array of objects, and whatever kind of mapping it is; the caller's own stays as it was."""
    before = repr(given)
    assert await add(cover=given, stickers=[given, MappingProxyType(given)]) == {"cover": sent, "stickers": [sent] * 2}
    assert repr(given) == before


async def test_data_headers_stay_in_objects_on_request() -> None:
    """The one option of the session reaches them too (C32)."""
    given = {"image": HEADER + "QUJD", "masks": [HEADER + "QUJD"]}
    assert await add(cover=given, keep_data_uri=True) == {"cover": given}


PLACE = {"x": 1, "side": "left"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": "a.png"}, "image is not base64 nor an address; give a file as pathlib.Path(...)"),
        ({"image": bytes(MAX_IMAGE_BYTES + 1)}, "image has 12,582,913 bytes, more than the 12,582,912 allowed"),
        ({"image": None}, "image must be PathLike or bytes or str, got NoneType"),
        ({"masks": [b"x", "https://a/1.png"]}, "masks[1] takes no address; give the file as a path or as bytes"),
        ({"masks": []}, "masks must hold 1 to 2 items, got 0"),
        ({"mood": "wild"}, "mood must be one of 'calm', got 'wild'"),
        ({"notes": "none"}, "notes must be Mapping, got str"),
        ({"places": [PLACE, {"x": 11, "side": "left"}]}, "places[1].x must be at most 10, got 11"),
        ({"places": [{"x": 1, "side": "top"}]}, "places[0].side must be one of 'left', 'right', got 'top'"),
        ({"places": [{"x": "1", "side": "left"}]}, "places[0].x must be int, got str"),
        ({"places": [{"x": 1}]}, "places[0] lacks 'side'"),
        ({"places": [PLACE | {"y": 2}]}, "places[0] takes no 'y'; it takes x, side"),
        ({"places": [7]}, "places[0] must be Mapping, got int"),
    ],
)
async def test_a_wrong_field_is_told_with_the_way_to_it(given: Any, words: str) -> None:
    """Which object of the array, and which field of it; a lenient client sends it all the same."""
    for values, way in (({"cover": given}, "cover"), ({"stickers": [{}, given]}, "stickers[1]")):
        with pytest.raises(InvalidParameter) as caught:
            await add(**values)
        assert str(caught.value).startswith(f"pages.add: {way}.{words}. Nothing was sent.")
        assert await add(**values, strict=False) == values


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"centre": {}}, "centre lacks 'x'"),
        ({"centre": PLACE | {"z": 1}}, "centre takes no 'z'; it takes x, side"),
        ({"cover": {"picture": b"x"}}, "cover takes no 'picture'; it takes image, masks, owner, mood, places, notes"),
        ({"cover": [{}]}, "cover must be Mapping, got list"),
        ({"stickers": {}}, "stickers must be list, got dict"),
    ],
)
async def test_fields_that_are_missing_or_unknown_are_told(given: Any, words: str) -> None:
    """An object has its own fields and no others: a mistyped one would be paid for and ignored."""
    with pytest.raises(InvalidParameter) as caught:
        await add(**given)
    assert str(caught.value).startswith(f"pages.add: {words}. Nothing was sent.")
    assert await add(**given, strict=False) == given
