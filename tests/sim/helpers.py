"""A plain HTTP caller and small images, so that tests of the simulator read as requests and answers."""

import base64
import hashlib
import io
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image, ImageDraw

from bria_async.sim import Clock, Options, Simulator, simulator

TOKEN = "canary-token-4711"
V1 = "/v1/tailored-gen"
JsonObject = dict[str, Any]


def picture(number: int = 0, size: tuple[int, int] = (256, 256), kind: str = "PNG", mode: str = "RGB") -> bytes:
    """An image of coloured patches; every number gives another one."""
    chance = random.Random(number)
    small = Image.frombytes("RGB", (4, 4), chance.randbytes(48))
    buffer = io.BytesIO()
    large = small.resize(size, Image.Resampling.NEAREST)
    (large.convert("L") if mode.startswith("I") else large).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (256, 256)) -> bytes:
    """An image of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def base64_of(data: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> str:
    """The name of bytes."""
    return hashlib.sha256(data).hexdigest()


class Api:
    """Calls a simulator over HTTP and insists on the expected status."""

    def __init__(self, sim: Simulator, http: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.http = http

    async def call(self, method: str, path: str, expected: int = 200, **request: Any) -> Any:
        """The parsed body of an answer, the text when it is not JSON, None when it is empty."""
        url = path if path.startswith("http") else self.sim.base_url + path
        async with self.http.request(method, url, **request) as response:
            raw = await response.read()
            assert response.status == expected, f"{method} {path}: {response.status} {raw[:500]!r}"
        if not raw:
            return None
        return json.loads(raw) if response.content_type == "application/json" else raw.decode()

    async def raw(self, path: str, expected: int = 200, **headers: str) -> bytes:
        """The bytes behind a URL, asked for without a token."""
        async with aiohttp.ClientSession() as anonymous:
            url = path if path.startswith("http") else self.sim.base_url + path
            async with anonymous.get(url, headers=headers) as response:
                assert response.status == expected, f"GET {path}: {response.status}"
                return await response.read()

    async def project(self, **fields: Any) -> JsonObject:
        """A new project."""
        body = {"project_name": "p", "ip_type": "stylized_scene", "ip_medium": "illustration"} | fields
        made: JsonObject = await self.call("POST", f"{V1}/projects", 201, json=body)
        return made

    async def dataset(self, version: str | None = "max", **fields: Any) -> JsonObject:
        """A new dataset in a new project; legacy unless told otherwise."""
        project = await self.project(training_version=version)
        body = {"project_id": project["id"], "name": "d"} | fields
        made: JsonObject = await self.call("POST", f"{V1}/datasets", 201, json=body)
        return made

    async def dataset_2024(self) -> JsonObject:
        """A new dataset of the organisation."""
        body = {"use_case": "illustrative_style", "style_description": "Flat art", "name": "old"}
        made: JsonObject = await self.call("POST", f"{V1}/datasets", 201, json=body)
        return made

    async def upload(
        self, dataset_id: int, data: bytes | None = None, expected: int = 201, name: str = "a.png", **fields: str
    ) -> Any:
        """Upload a multipart file."""
        form = aiohttp.FormData()
        for field, value in fields.items():
            form.add_field(field, value)
        form.add_field("file", picture() if data is None else data, filename=name)
        return await self.call("POST", f"{V1}/datasets/{dataset_id}/images", expected, data=form)

    async def filled(self, version: str | None = "max", count: int = 5, **fields: Any) -> JsonObject:
        """A dataset with an identity and captioned images."""
        dataset = await self.dataset(version, **fields)
        if version == "fibo":
            await self.update(dataset["id"], visual_schema='{"style": "flat"}')
        for number in range(count):
            await self.upload(dataset["id"], picture(number), name=f"{number}.png")
        self.sim.clock.push(self.sim.options.caption_delay)
        return dataset

    async def update(self, dataset_id: int, expected: int = 200, **fields: Any) -> Any:
        """Change a dataset."""
        return await self.call("PUT", f"{V1}/datasets/{dataset_id}", expected, json=fields)

    async def get_dataset(self, dataset_id: int, **query: Any) -> JsonObject:
        """Look at a dataset."""
        found: JsonObject = await self.call("GET", f"{V1}/datasets/{dataset_id}", params=query)
        return found

    async def model(self, version: str | None = "max", **fields: Any) -> JsonObject:
        """A new model on a completed dataset."""
        dataset = await self.filled(version)
        await self.update(dataset["id"], status="completed")
        body = {"name": "m", "dataset_id": dataset["id"]} | fields
        made: JsonObject = await self.call("POST", f"{V1}/models", 201, json=body)
        return made

    async def start(self, model_id: int, expected: int = 200, **fields: Any) -> Any:
        """Start a training, without a body unless fields are given."""
        extra = {"json": fields} if fields else {}
        return await self.call("POST", f"{V1}/models/{model_id}/start_training", expected, **extra)

    async def get_model(self, model_id: int) -> JsonObject:
        """Look at a model."""
        found: JsonObject = await self.call("GET", f"{V1}/models/{model_id}")
        return found

    async def trained(self, version: str | None = "max", **fields: Any) -> JsonObject:
        """A model whose training is over."""
        model = await self.model(version, **fields)
        await self.start(model["id"])
        self.sim.clock.push(self.sim.options.training_time)
        return model


@asynccontextmanager
async def running(*, clock: Clock | None = None, state: Path | None = None, **options: Any) -> AsyncIterator[Api]:
    """A simulator with these options, and a caller with a token."""
    async with (
        simulator(options=Options(**options), clock=clock, state=state) as sim,
        aiohttp.ClientSession(headers={"api_token": TOKEN}) as http,
    ):
        yield Api(sim, http)


def disc(size: tuple[int, int] = (200, 160), colour: str = "red", ground: str = "white") -> bytes:
    """A disc of half the height in the middle of a ground."""
    image = Image.new("RGB", size, ground)
    x, y, across = size[0] // 2, size[1] // 2, size[1] // 4
    ImageDraw.Draw(image).ellipse((x - across, y - across, x + across, y + across), fill=colour)
    return png(image)


def png(image: Image.Image) -> bytes:
    """An image as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def loaded(data: bytes) -> Image.Image:
    """Bytes as an image."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """The channels of one pixel; a grey one has one."""
    found = image.getpixel(at)
    return found if isinstance(found, tuple) else (int(found or 0),)


def is_marked(image: Image.Image) -> bool:
    """Whether the dark bar that says SIMULATED is at the bottom."""
    return image.convert("RGB").getpixel((image.width - 2, image.height - 2)) == (16, 16, 16)
