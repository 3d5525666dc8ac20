"""Everything the simulator serves by URL, without a token: images, results, weights, and files put here.

`PUT /_sim/files/{name}` takes a file as a presigned URL would, for `zip_url` and `image_url`.
"""

import asyncio
import json
import os
import zipfile
from pathlib import Path, PurePosixPath

from aiohttp import web

from bria_async.sim import drawing, results
from bria_async.sim.entities import Dataset
from bria_async.sim.sources import too_large
from bria_async.sim.world import World

_CHUNK = 1 << 20
_TYPES = {kind: f"image/{kind}" for kind in ("png", "jpeg", "webp", "gif")} | {
    "svg": "image/svg+xml",
    "psd": "image/vnd.adobe.photoshop",
}


class Files:
    """The handlers of `/_sim/` URLs over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """The routes, to be added to an application; every GET also answers HEAD."""
        return [
            web.put("/_sim/files/{name}", self.put),
            web.get("/_sim/files/{name}", self.hosted),
            web.get("/_sim/images/{image_id:[0-9]{1,18}}", self.image),
            web.get("/_sim/thumbnails/{image_id:[0-9]{1,18}}", self.thumbnail),
            web.get(results.PATH + "/{job_id}/{name}", self.result),
            web.get("/_sim/models/{model_id:[0-9]{1,18}}.safetensors", self.weights),
            web.get("/_sim/datasets/{dataset_id:[0-9]{1,18}}/images.zip", self.images_zip),
            web.get("/_sim/datasets/{dataset_id:[0-9]{1,18}}/captions.json", self.captions),
        ]

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Keep a file under a name; a second one replaces it."""
        limit = self._world.options.max_zip_bytes
        with self._world.blobs.spool() as spool:
            async for chunk in request.content.iter_chunked(_CHUNK):
                spool.write(chunk)
                if spool.size > limit:
                    refusal = too_large(limit)
                    raise web.HTTPRequestEntityTooLarge(limit, spool.size, text=refusal.text)
            blob = spool.keep()
        self._world.files[request.match_info["name"]] = blob.sha256
        self._world.commit()
        return web.json_response({"sha256": blob.sha256, "size": blob.size}, status=201)

    async def hosted(self, request: web.Request) -> web.StreamResponse:
        """A file that was put here."""
        name = request.match_info["name"]
        if name not in self._world.files:
            raise web.HTTPNotFound
        return await _streamed(request, self._world.blobs.path(self._world.files[name]))

    async def image(self, request: web.Request) -> web.StreamResponse:
        """An uploaded image, byte for byte."""
        image = self._world.images.get(int(request.match_info["image_id"]))
        if image is None:
            raise web.HTTPNotFound
        data = await asyncio.to_thread(self._world.blobs.path(image.sha256).read_bytes)
        return _ranged(request, data, f"image/{image.format.lower()}")

    async def thumbnail(self, request: web.Request) -> web.StreamResponse:
        """An uploaded image made small."""
        image = self._world.images.get(int(request.match_info["image_id"]))
        if image is None:
            raise web.HTTPNotFound
        data = await asyncio.to_thread(drawing.thumbnail, self._world.blobs.path(image.sha256))
        return _ranged(request, data, "image/png")

    async def result(self, request: web.Request) -> web.StreamResponse:
        """A result: 404 until it is ready, empty when moderation blocked it, 403 when its time is over."""
        world, name = self._world, request.match_info["name"]
        found = results.find(world, request.match_info["job_id"], name)
        if found is None:
            raise web.HTTPNotFound
        if results.expired(world, found[0]):
            raise web.HTTPForbidden(text="Request has expired")
        path = await results.drawn(world, *found)
        return _ranged(request, await asyncio.to_thread(path.read_bytes), _TYPES[PurePosixPath(name).suffix[1:]])

    async def weights(self, request: web.Request) -> web.StreamResponse:
        """A safetensors file without tensors, whose metadata says so."""
        model = self._world.models.get(int(request.match_info["model_id"]))
        if model is None:
            raise web.HTTPNotFound
        header = json.dumps({"__metadata__": {"simulated": "true", "model_id": str(model.id)}}).encode()
        data = len(header).to_bytes(8, "little") + header
        return _ranged(request, data, "application/octet-stream")

    async def images_zip(self, request: web.Request) -> web.StreamResponse:
        """The images of a dataset as a stored zip, each under its id."""
        with self._world.blobs.spool() as spool:
            await asyncio.to_thread(self._zip, self._dataset(request), spool.path)
            return await _streamed(request, spool.path)

    async def captions(self, request: web.Request) -> web.StreamResponse:
        """The captions of a dataset by image name. Unknown: the format is the simulator's choice."""
        dataset, now = self._dataset(request), self._world.clock.now()
        images = self._world.visible_images(dataset.id, now)
        shown = {image.image_name: image.caption if image.captioned(now) else None for image in images}
        return _ranged(request, json.dumps(shown, indent=1).encode(), "application/json")

    def _dataset(self, request: web.Request) -> Dataset:
        dataset = self._world.datasets.get(int(request.match_info["dataset_id"]))
        if dataset is None:
            raise web.HTTPNotFound
        return dataset

    def _zip(self, dataset: Dataset, path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for image in self._world.visible_images(dataset.id, self._world.clock.now()):
                archive.write(self._world.blobs.path(image.sha256), f"{image.id}.{image.format.lower()}")


async def _streamed(request: web.Request, path: Path) -> web.StreamResponse:
    """A file of any size, a piece at a time."""
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        response.content_length = os.fstat(file.fileno()).st_size
        await response.prepare(request)
        while request.method != "HEAD" and (chunk := await asyncio.to_thread(file.read, _CHUNK)):
            await response.write(chunk)
        await response.write_eof()
    return response


def _ranged(request: web.Request, data: bytes, content_type: str) -> web.Response:
    """Bytes, or the range asked for; a range of an empty file is a 416, as moderated v1 results show."""
    try:
        span = request.http_range
    except ValueError:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    if span.start is None:
        return web.Response(body=data, content_type=content_type, headers={"Accept-Ranges": "bytes"})
    start, stop, _ = span.indices(len(data))
    if start >= len(data):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers = {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}
    return web.Response(status=206, body=data[start:stop], content_type=content_type, headers=headers)
