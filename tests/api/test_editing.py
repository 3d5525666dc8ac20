"""Editing: images and masks of every kind, and one family out of three groups of edits."""

import base64
from pathlib import Path
from typing import Any

import pytest

from bria_async.api.editing import Editing
from bria_async.errors import InvalidParameter
from bria_async.session import Session
from tests.support import TOKEN, Recorder, picture, reply

ADDRESS = "https://example.com/mask.png"


def test_the_groups_of_edits_are_one_family() -> None:
    """Edits by words and of backgrounds are named and listed as the others are."""
    names = [Editing.endpoints[name].operation for name in ("edit", "blur_background", "erase")]
    assert names == ["editing.edit", "editing.blur_background", "editing.erase"]
    assert len(Editing.endpoints) == 23


async def test_image_and_mask_are_files_bytes_or_addresses(server: Recorder, tmp_path: Path) -> None:
    """A path, bytes and an address go into the same field, files as base64."""
    file = tmp_path / "vase.png"
    file.write_bytes(picture(64, 64))
    encoded = base64.b64encode(file.read_bytes()).decode()
    server.answers(reply("editing.erase")["body"], 202)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.editing.erase(image=file, mask=ADDRESS)
        await bria.editing.erase(image=ADDRESS, mask=file.read_bytes(), mask_type="automatic")
    assert [request.json for request in server.requests] == [
        {"image": encoded, "mask": ADDRESS, "sync": False},
        {"image": ADDRESS, "mask": encoded, "mask_type": "automatic", "sync": False},
    ]


@pytest.mark.parametrize("ratio", ["16:9", 1.5, 2])
async def test_an_aspect_ratio_is_a_text_or_a_number(server: Recorder, ratio: str | float) -> None:
    """`expand` takes both, and sizes as tuples."""
    server.answers(reply("editing.expand")["body"], 202)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.editing.expand(image=ADDRESS, aspect_ratio=ratio, canvas_size=(1200, 800))
    assert server.requests[0].json == {
        "image": ADDRESS,
        "aspect_ratio": ratio,
        "canvas_size": [1200, 800],
        "sync": False,
    }


async def test_a_kind_of_light_may_hold_a_comma(server: Recorder) -> None:
    """The one value with a comma in it is one value, and its halves are none."""
    light: Any = "spotlight on subject, keep background settings"
    server.answers(reply("editing.relight")["body"], 202)
    async with Session(TOKEN, server.base_url) as bria:
        await bria.editing.relight(image=ADDRESS, light_type=light)
        with pytest.raises(InvalidParameter, match="light_type"):
            await bria.editing.relight(image=ADDRESS, light_type=light.split(",")[0])
    (seen,) = server.requests
    assert seen.json == {"image": ADDRESS, "light_type": light}


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("editing.edit", "structured_instruction", '{"edit_instruction": "make the vase blue"}'),
        ("editing.enhance", "seed", 42),
        ("editing.expand", "prompt", "a table by a window"),
        ("editing.replace_background", "refined_prompt", "a sunny table by a window"),
    ],
)
async def test_results_hold_what_each_edit_tells(server: Recorder, name: str, field: str, expected: Any) -> None:
    """Beside the image a result tells the instruction, the seed (also as a text), or the prompt."""
    server.answers(reply(f"{name}.sync")["body"])
    values = {"images": [ADDRESS]} if name == "editing.edit" else {"image": ADDRESS}
    async with Session(TOKEN, server.base_url) as bria:
        made = await getattr(bria.editing, name.split(".")[1])(**values)
    assert made.result.image_url == "https://api.example.com/files/1.png"
    assert getattr(made.result, field) == expected
