"""Parameters that take images: paths, bytes, base64 and addresses, each in the field that takes it."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest

from bria_async import wire
from bria_async.errors import InvalidParameter
from bria_async.types.common import MAX_IMAGE_BYTES, ImageInput
from bria_async.wire import Call
from tests.wire.echo import Echo

Anything = Annotated[ImageInput, wire.Image()]
HERE = Path("a.png")
ADDRESS = "https://example.com/a.png"
OTHER = "http://example.com/b.png"


class Albums(wire.Family):
    """A family that the API does not have."""

    @wire.post("/v1/albums", effect="safe")
    async def add(
        self,
        *,
        image: Anything | None = None,
        images: Annotated[Sequence[Anything], wire.Items(None, 3)] | None = None,
        mask: Annotated[ImageInput, wire.Image(address=False)] | None = None,
        file: Annotated[ImageInput, wire.Image(address="image_url")] | None = None,
        image_url: str | None = None,
        files: Sequence[Annotated[ImageInput, wire.Image(address="image_urls")]] | None = None,
        cover: Annotated[ImageInput, wire.Image(address="image_urls")] | None = None,
        image_urls: Sequence[str] | None = None,
        title: str | None = None,
        name: Annotated[str, wire.Older("title")] | None = None,
    ) -> Any:
        """Add images."""

    @wire.post("/v1/albums/form", effect="safe", form=True, query=("size",))
    async def form(
        self,
        *,
        file: Annotated[ImageInput, wire.Image(address="image_url", binary=True)] | None = None,
        image_url: str | None = None,
        keep: bool | None = None,
        size: int | None = None,
    ) -> Any:
        """Add an image by a form."""


async def add(*, strict: bool = True, keep_data_uri: bool = False, **values: Any) -> Any:
    """The body of `add` with these values."""
    call = await Albums(Echo(strict=strict, keep_data_uri=keep_data_uri)).add(**values)
    assert isinstance(call, Call)
    return call.json


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"image": HERE}, {"image": HERE}),
        ({"image": b"x"}, {"image": b"x"}),
        ({"image": "QUJD"}, {"image": "QUJD"}),
        ({"image": "QUJD\nQUJD\n"}, {"image": "QUJD\nQUJD\n"}),
        ({"image": "data:image/png;base64,QUJD"}, {"image": "QUJD"}),
        ({"image": ADDRESS}, {"image": ADDRESS}),
        ({"image": OTHER}, {"image": OTHER}),
        ({"images": (HERE, b"x", "QUJD", ADDRESS)[:3]}, {"images": [HERE, b"x", "QUJD"]}),
        ({"images": [ADDRESS, "data:;base64,QUJD"]}, {"images": [ADDRESS, "QUJD"]}),
        ({"mask": HERE}, {"mask": HERE}),
        ({"file": HERE}, {"file": HERE}),
        ({"file": b"x", "image_url": ADDRESS}, {"file": b"x", "image_url": ADDRESS}),
        ({"file": ADDRESS}, {"image_url": ADDRESS}),
        ({"files": [HERE, b"x"]}, {"files": [HERE, b"x"]}),
        ({"files": [ADDRESS, OTHER]}, {"image_urls": [ADDRESS, OTHER]}),
        ({"files": (ADDRESS,)}, {"image_urls": [ADDRESS]}),
        ({"files": [HERE], "image_urls": [OTHER]}, {"files": [HERE], "image_urls": [OTHER]}),
        ({"cover": ADDRESS}, {"image_urls": [ADDRESS]}),
        ({"name": "Cats"}, {"name": "Cats"}),
        ({"title": "Cats"}, {"title": "Cats"}),
    ],
)
async def test_an_image_goes_to_the_field_that_takes_it(given: Any, sent: Any) -> None:
    """Files and base64 stay, a data header goes, an address moves to its own field, as an array where it is one."""
    assert await add(**given) == sent


async def test_data_headers_stay_in_arrays_on_request() -> None:
    """One option of the session, for single images and arrays alike (C32)."""
    text = "data:image/png;base64,QUJD"
    assert await add(image=text, images=[text], keep_data_uri=True) == {"image": text, "images": [text]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": "photos/a.png"}, "image is not base64 nor an address; give a file as pathlib.Path(...)"),
        ({"image": ""}, "image is not base64 nor an address; give a file as pathlib.Path(...)"),
        ({"image": "ftp://example.com/a.png"}, "image is not base64 nor an address; give a file as"),
        ({"image": "data:image/png,abc"}, "image is not base64 nor an address; give a file as"),
        ({"image": 5}, "image must be PathLike or bytes or str, got int"),
        ({"images": [HERE, "b.png"]}, "images[1] is not base64 nor an address; give a file as"),
        ({"images": [HERE, 5]}, "images[1] must be PathLike or bytes or str, got int"),
        ({"images": HERE}, "images must be list, got "),
        ({"images": b"x"}, "images must be list, got bytes"),
        ({"images": [HERE] * 4}, "images must hold 0 to 3 items, got 4"),
        ({"mask": ADDRESS}, "mask takes no address; give the file as a path or as bytes"),
        ({"mask": "a.png"}, "mask is not base64; give a file as pathlib.Path(...)"),
        ({"file": "a.png"}, "file is not base64 nor an address; give a file as"),
        ({"files": [HERE, "a.png"]}, "files[1] is not base64 nor an address; give a file as"),
        ({"files": [HERE, ADDRESS]}, "files holds files and addresses, which cannot be given together: give one or"),
        ({"files": (ADDRESS, b"x", OTHER)}, "files holds files and addresses, which cannot be given together: give"),
        ({"file": ADDRESS, "image_url": OTHER}, "file and image_url say the same: give one of them"),
        ({"files": [HERE, ADDRESS], "image_urls": [OTHER]}, "files and image_urls say the same: give one of them"),
        ({"cover": ADDRESS, "files": [OTHER]}, "cover and image_urls say the same: give one of them"),
        ({"name": "Cats", "title": "Dogs"}, "name and title say the same: give one of them"),
        ({"image_url": HERE}, "image_url must be str, got "),
    ],
)
async def test_what_is_no_image_is_told_before_it_leaves(given: Any, words: str) -> None:
    """Above all the name of a file as a text, which looks like nothing that the API knows."""
    with pytest.raises(InvalidParameter) as caught:
        await add(**given)
    assert str(caught.value).startswith(f"albums.add: {words}")


async def test_a_lenient_client_sends_both_names_as_given() -> None:
    """Whoever checks nothing may find out what the server makes of it."""
    both: dict[str, Any] = {"file": ADDRESS, "image_url": OTHER, "name": "Cats", "title": "Dogs", "image": "a.png"}
    assert await add(**both, strict=False) == both
    mixed = await add(files=[HERE, ADDRESS, b"x", OTHER], strict=False)
    assert mixed == {"files": [HERE, b"x"], "image_urls": [ADDRESS, OTHER]}


@pytest.mark.parametrize("header", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("broken", [False, True], ids=["one line", "lines"])
async def test_the_size_of_base64_is_that_of_its_bytes(header: str, keep: bool, broken: bool) -> None:
    """Exactly the largest image is taken, with a header and line breaks too, and not one byte more."""

    def text(size: int) -> str:
        encode = base64.encodebytes if broken else base64.b64encode
        return header + encode(bytes(size)).decode()

    assert await add(image=text(MAX_IMAGE_BYTES), keep_data_uri=keep)
    with pytest.raises(InvalidParameter, match="image has 12,582,915 bytes, more than the 12,582,912 allowed"):
        await add(image=text(MAX_IMAGE_BYTES + 1), keep_data_uri=keep)


async def test_the_size_of_bytes_is_checked() -> None:
    """Alone and in an array, at the limit and beyond; a lenient client checks nothing."""
    largest = bytes(MAX_IMAGE_BYTES)
    assert await add(image=largest, images=[largest], file=largest)
    beyond = largest + b"x"
    for given in ({"image": beyond}, {"images": [largest, beyond]}, {"file": beyond}):
        with pytest.raises(InvalidParameter, match="has 12,582,913 bytes, more than the 12,582,912 allowed"):
            await add(**given)
        assert await add(**given, strict=False) == given


async def test_a_form_holds_what_its_body_would() -> None:
    """The fields of a form are not JSON; what is query stays query, and an address needs no file."""
    call = await Albums(Echo()).form(file=HERE, keep=True, size=2)
    assert isinstance(call, Call)
    assert (call.json, call.form, call.query) == (None, {"file": HERE, "keep": True}, {"size": "2"})
    moved = await Albums(Echo()).form(file=ADDRESS)
    assert isinstance(moved, Call)
    assert moved.form == {"image_url": ADDRESS}


@pytest.mark.parametrize("text", ["QUJD", "a.png"])
async def test_a_form_takes_no_file_as_text(text: str) -> None:
    """The file part of a form is bytes: a text would arrive as another thing than it was meant."""
    with pytest.raises(InvalidParameter, match="file takes no text but an address; give a file"):
        await Albums(Echo()).form(file=text)
    lenient = await Albums(Echo(strict=False)).form(file=text)
    assert isinstance(lenient, Call)
    assert lenient.form == {"file": text}
