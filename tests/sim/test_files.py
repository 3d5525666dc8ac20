"""What is served by URL, without a token."""

import io

import pytest
from PIL import Image

from tests.sim.helpers import Api, flat, picture


async def test_a_file_is_put_and_fetched_without_a_token(api: Api) -> None:
    """As a presigned URL would; a second PUT replaces it, HEAD tells its size."""
    url = f"{api.sim.base_url}/_sim/files/set.zip"
    await api.raw(url, 404)
    for data in (b"one", bytes(3_000_000)):
        await api.call("PUT", url, 201, data=io.BytesIO(data))
        assert await api.raw(url) == data
    async with api.http.head(url) as response:
        assert (response.status, response.content_length) == (200, 3_000_000)


@pytest.mark.parametrize(
    ("asked", "status", "cut"),
    [("bytes=0-0", 206, slice(0, 1)), ("bytes=5-", 206, slice(5, None)), ("bytes=-4", 206, slice(-4, None))],
)
async def test_parts_of_a_file_are_served(api: Api, asked: str, status: int, cut: slice) -> None:
    """Ranges as clients ask for them."""
    dataset, data = await api.dataset(), picture()
    image = await api.upload(dataset["id"], data)
    assert await api.raw(image["image_url"], status, Range=asked) == data[cut]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=x-y"])
async def test_impossible_ranges_are_a_416(api: Api, asked: str) -> None:
    """Beyond the end, or no range at all."""
    image = await api.upload((await api.dataset())["id"])
    await api.raw(image["image_url"], 416, Range=asked)


async def test_a_thumbnail_is_small_and_shows_the_image(api: Api) -> None:
    """At most 256 pixels a side, in its colours and shape."""
    image = await api.upload((await api.dataset())["id"], flat((200, 30, 30), (1024, 512)))
    with Image.open(io.BytesIO(await api.raw(image["thumbnail_url"]))) as small:
        assert (small.size, small.convert("RGB").getpixel((5, 5))) == ((256, 128), (200, 30, 30))


@pytest.mark.parametrize(
    "path",
    [
        "images/5",
        "thumbnails/5",
        "results/a/b.png",
        "models/5.safetensors",
        "datasets/5/images.zip",
        "datasets/5/captions.json",
        "images/x",
    ],
)
async def test_what_is_not_there_is_a_404(api: Api, path: str) -> None:
    """Every kind of URL."""
    await api.raw(f"/_sim/{path}", 404)
