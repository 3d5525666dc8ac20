"""Pictures with something in them, hosted by the simulator, for tests of edits."""

import io
from typing import Any

from PIL import Image, ImageDraw

from tests.sim.helpers import Api, JsonObject

GROUND, RED, BLUE, SKIN = (240, 240, 240), (200, 30, 30), (30, 60, 200), (224, 172, 105)
IN_RED, IN_BLUE, IN_SKIN, IN_GROUND = (150, 200), (425, 155), (330, 340), (20, 20)


def still_life(size: tuple[int, int] = (600, 400), kind: str = "PNG", mode: str = "RGB") -> bytes:
    """A red rectangle, a blue disc and a small one in the colour of skin on a light ground."""
    picture = Image.new("RGB", (600, 400), GROUND)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((100, 100, 200, 300), fill=RED)
    pen.ellipse((350, 80, 500, 230), fill=BLUE)
    pen.rectangle((300, 300, 360, 380), fill=SKIN)
    buffer = io.BytesIO()
    picture.resize(size, Image.Resampling.NEAREST).convert(mode).save(buffer, kind)
    return buffer.getvalue()


async def hosted(api: Api, data: bytes, name: str = "picture.png") -> str:
    """The URL of a file put on the simulator."""
    await api.call("PUT", f"/_sim/files/{name}", 201, data=io.BytesIO(data))
    return f"{api.sim.base_url}/_sim/files/{name}"


async def registered(api: Api, data: bytes | None = None, name: str = "picture.png", **fields: Any) -> str:
    """The id of a visual whose onboarding is over."""
    url = await hosted(api, still_life() if data is None else data, name)
    made: JsonObject = await api.call("POST", "/v1/register", json={"image_url": url} | fields)
    api.sim.clock.push(api.sim.options.onboarding_time)
    visual_id: str = made["visual_id"]
    return visual_id


async def edited(api: Api, visual_id: str, path: str, *, query: Any = None, **body: Any) -> tuple[str, Image.Image]:
    """The sid and the picture of an edit."""
    answer = await api.call("POST", f"/v1/{visual_id}/{path}", params=query or {}, json=body)
    return answer["sid"], await fetched(api, answer["result_url"])


async def fetched(api: Api, url: str) -> Image.Image:
    """The picture behind a URL."""
    picture = Image.open(io.BytesIO(await api.raw(url)))
    picture.load()
    return picture
