"""A list of dataset images, from bytes to typed values; unknown fields and words are kept by who can."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .contender import doing
from .contest import Bar, Contender, Question
from .small import check

Work = Mapping[str, Any]
Decode = Callable[[bytes], Sequence[Any]]

HEADERS = {
    "Date": "Wed, 20 Aug 2025 10:00:00 GMT",
    "Content-Type": "application/json",
    "Connection": "keep-alive",
    "Server": "gunicorn",
}


def image(number: int) -> dict[str, Any]:
    """An image as answers have it (SEED 002), with a field that nobody knows; every fiftieth has such a word."""
    address = f"https://cdn.example/datasets/77/{{}}/{1000 + number}.jpg"
    return {
        "id": 1000 + number,
        "dataset_id": 77,
        "caption": f"sitting on chair {number} with a gentle smile",
        "caption_source": "reviewed" if number % 50 == 0 else ("automatic", "manual")[number % 2],
        "upload_source_url": None,
        "image_name": f"lora-{number}--0123456789ab.jpg",
        "image_url": address.format("images"),
        "thumbnail_url": address.format("thumbnails"),
        "created_at": f"2025-08-20T09:{number % 60:02d}:58.{number:06d}Z",
        "updated_at": f"2025-08-20T10:{number % 60:02d}:03.{number:06d}Z",
        "sharpness": 0.5 + number / 1000,
    }


def deciding(work: Work, decode: Decode, *, typed: bool = True, keeps: bool = False) -> "Doing":
    """A contender that decodes so; what comes out is compared in full once, and at both ends each time.

    `typed`: to attributes, with moments. `keeps`: in our classes, where the answer itself stays in `raw`.
    """
    came = [image(number) for number in range(work["images"])]
    content = json.dumps(came).encode()
    found = decode(content)
    check(len(found), len(came))
    for one, each in zip(found, came, strict=True):
        if keeps:
            check((one.raw, one.extra), (each, {"sharpness": each["sharpness"]}))
        for name in image(0):
            if typed and name in {"created_at", "updated_at"}:
                check(getattr(one, name), dt.datetime.fromisoformat(each[name]))
            elif not typed or name != "sharpness":
                check(getattr(one, name) if typed else one[name], each[name])

    def call(_: int) -> None:
        found = decode(content)
        last = found[-1]
        check((len(found), last.id if typed else last["id"]), (len(came), came[-1]["id"]))

    return doing(call)


Doing = AbstractContextManager[Callable[[int], None]]

# --- into our classes ------------------------------------------------------------------------------------------------


def bria(work: Work) -> Doing:
    """This library: a reply, read as the listing that its operation declares."""
    from bria_async.session import FAMILIES  # nobody else's process has it
    from bria_async.wire.call import Call
    from bria_async.wire.reply import Reply

    endpoint = FAMILIES["images"].endpoints["list"]
    call = Call(endpoint, endpoint.path)
    return deciding(work, lambda content: Reply(200, HEADERS, content).value(call), keeps=True)


def by_hand(work: Work) -> Doing:
    """What one would write for this one class: no tolerance, no limits, no older names."""
    from bria_async.types.images import CaptionSource, DatasetImage

    moment = dt.datetime.fromisoformat

    def read(data: dict[str, Any]) -> DatasetImage:
        get = data.get
        source, created, updated = get("caption_source"), get("created_at"), get("updated_at")
        return DatasetImage(
            id=data["id"],
            dataset_id=get("dataset_id"),
            caption=get("caption"),
            caption_source=CaptionSource(source) if source is not None else None,
            upload_source_url=get("upload_source_url"),
            image_name=get("image_name"),
            image_url=get("image_url"),
            thumbnail_url=get("thumbnail_url"),
            created_at=moment(created) if created is not None else None,
            updated_at=moment(updated) if updated is not None else None,
            raw=data,
        )

    return deciding(work, lambda content: tuple([read(data) for data in json.loads(content)]), keeps=True)


def msgspec_attrs(work: Work) -> Doing:
    """The decoder of msgspec, straight into the same classes: nothing is kept in `raw`, and nothing tolerated."""
    import msgspec

    from bria_async.types.images import DatasetImage

    return deciding(work, msgspec.json.Decoder(tuple[DatasetImage, ...]).decode)


def cattrs_attrs(work: Work) -> Doing:
    """The converter of cattrs as it comes, into the same classes: nothing is kept in `raw`."""
    from cattrs.preconf.json import make_converter

    from bria_async.types.images import DatasetImage

    structure = make_converter(detailed_validation=work["detailed"]).get_structure_hook(tuple[DatasetImage, ...])
    return deciding(work, lambda content: structure(json.loads(content), tuple[DatasetImage, ...]))


# --- into theirs -----------------------------------------------------------------------------------------------------


def pydantic_model(work: Work) -> Doing:
    """A model of pydantic that keeps what it does not know, straight from the bytes."""
    import pydantic

    class Image(pydantic.BaseModel, extra="allow"):
        id: int | str
        dataset_id: int | str | None = None
        caption: str | None = None
        caption_source: str | None = None
        upload_source_url: str | None = None
        image_name: str | None = None
        image_url: str | None = None
        thumbnail_url: str | None = None
        created_at: dt.datetime | None = None
        updated_at: dt.datetime | None = None

    return deciding(work, pydantic.TypeAdapter(list[Image]).validate_json)


def openai_model(work: Work) -> Doing:
    """What the client of OpenAI does with an answer: a model that takes whatever comes."""
    from openai._models import BaseModel, construct_type  # type: ignore[import-not-found]

    class Image(BaseModel):  # type: ignore[misc]  # as above
        id: int | str
        dataset_id: int | str | None = None
        caption: str | None = None
        caption_source: str | None = None
        upload_source_url: str | None = None
        image_name: str | None = None
        image_url: str | None = None
        thumbnail_url: str | None = None
        created_at: dt.datetime | None = None
        updated_at: dt.datetime | None = None

    return deciding(work, lambda content: construct_type(value=json.loads(content), type_=list[Image]))


# --- no types at all -------------------------------------------------------------------------------------------------


def json_only(work: Work) -> Doing:
    """Dictionaries."""
    return deciding(work, json.loads, typed=False)


def orjson_only(work: Work) -> Doing:
    """Dictionaries, made by orjson."""
    import orjson  # type: ignore[import-not-found]

    return deciding(work, orjson.loads, typed=False)


DECODE = Question(
    name="decode",
    asks="200 dataset images from bytes to typed values",
    figure="cpu_us",
    unit="µs of CPU per list",
    contenders=(
        Contender("json.loads + constructors", f"{__name__}:by_hand"),
        Contender("bria_async", f"{__name__}:bria"),
        Contender("msgspec, the same classes", f"{__name__}:msgspec_attrs", fast=True),
        Contender("bria_async, fast", f"{__name__}:bria", fast=True),
        Contender("cattrs, the same classes", f"{__name__}:cattrs_attrs", options={"detailed": True}),
        Contender("cattrs, not detailed", f"{__name__}:cattrs_attrs", options={"detailed": False}),
        Contender("pydantic", f"{__name__}:pydantic_model", needs=("pydantic",)),
        Contender("openai", f"{__name__}:openai_model", needs=("openai",)),
        Contender("json.loads alone", f"{__name__}:json_only"),
        Contender("orjson alone", f"{__name__}:orjson_only", needs=("orjson",)),
    ),
    bars=(
        Bar("bria_async", 1.3, "json.loads + constructors"),
        Bar("bria_async, fast", 2.0, "msgspec, the same classes"),
    ),
    work={"calls": 200, "images": 200},
    quick={"calls": 5, "images": 20},
    rounds=9,
)
