"""Edits without onboarding: forms, files, and an error in the success class."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.sim.helpers import Api, base64_of, flat, picture, running
from tests.sim.scenery import IN_GROUND, IN_RED, fetched, hosted, still_life

REMOVE, INCREASE, REPLACE = "/v1/background/remove", "/v1/image/increase_resolution", "/v1/background/replace"


def form(data: bytes, name: str = "a.png") -> aiohttp.FormData:
    """A multipart body with a file."""
    made = aiohttp.FormData()
    made.add_field("file", data, filename=name)
    return made


async def test_a_background_is_removed_from_a_file_or_a_url(api: Api) -> None:
    """Multipart with `file`, or urlencoded with `image_url`, which wins."""
    by_file = await api.call("POST", REMOVE, data=form(still_life()))
    by_url = await api.call("POST", REMOVE, data={"image_url": await hosted(api, still_life())})
    for answer in (by_file, by_url):
        cutout = await fetched(api, answer["result_url"])
        assert [cutout.getpixel(at)[3] for at in (IN_GROUND, IN_RED)] == [0, 255]  # type: ignore[index]  # RGBA
    both = form(b"no image")
    both.add_field("image_url", await hosted(api, still_life()))
    await api.call("POST", REMOVE, data=both)


async def test_an_empty_file_is_a_206_and_no_file_a_400(api: Api) -> None:
    """SEED 004: 206 says that the file value was not provided; nothing counts as accepted."""
    answer = await api.call("POST", REMOVE, 206, data=form(b""))
    assert answer == {"error": "File value was not provided"}
    await api.call("POST", REMOVE, 206, data={"file": ""})
    await api.call("POST", REMOVE, 400, data={})
    assert api.sim.counts["visuals.remove_background_isolated"] == 0
    await api.call("POST", INCREASE, 400, data=form(b""))


@pytest.mark.parametrize("path", [REMOVE, INCREASE])
@pytest.mark.parametrize(
    ("data", "status"),
    [(picture(kind="WEBP"), 415), (picture(mode="L"), 415), (flat((1, 2, 3)), 506), (b"text", 415)],
    ids=["webp", "grey", "plain", "text"],
)
async def test_other_files_are_refused(api: Api, path: str, data: bytes, status: int) -> None:
    """Only JPEG and PNG in RGB, RGBA or CMYK, with something in them."""
    await api.call("POST", path, status, data=form(data))


async def test_addresses_that_lead_nowhere_are_a_460(api: Api) -> None:
    """Foreign ones and missing own ones alike: 404 is not documented."""
    for url in ("https://example.com/a.png", f"{api.sim.base_url}/_sim/files/none"):
        await api.call("POST", REMOVE, 460, data={"image_url": url})


@pytest.mark.parametrize(("query", "times"), [("", 2), ("?desired_increase=2", 2), ("?desired_increase=4", 4)])
async def test_resolution_increases_by_the_query(api: Api, query: str, times: int) -> None:
    """Beside a form; real pixels."""
    answer = await api.call("POST", INCREASE + query, data=form(still_life()))
    large = await fetched(api, answer["result_url"])
    assert large.size == (600 * times, 400 * times)
    assert large.getpixel((IN_RED[0] * times, IN_RED[1] * times)) == (200, 30, 30)


@pytest.mark.parametrize(
    ("size", "query", "status"),
    [
        ((215, 300), "", 506),
        ((216, 216), "", 200),
        ((2200, 2000), "?desired_increase=4", 400),
        ((300, 300), "?desired_increase=3", 400),
    ],
)
async def test_sizes_have_limits(api: Api, size: tuple[int, int], query: str, status: int) -> None:
    """Sides of at least 216, results of at most 8192 x 8192, steps of 2 and 4."""
    await api.call("POST", INCREASE + query, status, data=form(still_life(size)))


async def test_backgrounds_are_replaced_without_onboarding(api: Api) -> None:
    """One by default, rows of URL, seed and name, WebP too, later unless `sync`."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(still_life())).save(buffer, "WEBP", lossless=True)
    body: dict[str, Any] = {"file": base64_of(buffer.getvalue()), "bg_prompt": "blue", "seed": 3}
    ((url, seed, name),) = (await api.call("POST", REPLACE, json=body))["result"]
    assert (seed, name) == (3, "0-seed_3.png")
    await api.raw(url, 404)
    api.sim.clock.push(api.sim.options.job_time)
    found = await fetched(api, url)
    assert found.getpixel(IN_RED) == (200, 30, 30)
    rows = (await api.call("POST", REPLACE, json=body | {"num_results": 3, "sync": True}))["result"]
    assert [row[1] for row in rows] == [3, 4, 5]
    assert await api.raw(rows[2][0])
    for wrong in ({"num_results": 0}, {"num_results": 99}, {"file": None}):
        await api.call("POST", REPLACE, 400, json=body | wrong)


async def test_addresses_may_be_unavailable_for_legal_reasons() -> None:
    """451 where it is documented, by option."""
    async with running(legal=("secret",)) as api:
        url = await hosted(api, still_life(), "secret.png")
        await api.call("POST", REPLACE, 451, json={"image_url": url})
        await api.call("POST", REMOVE, data={"image_url": url})
