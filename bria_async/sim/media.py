"""Files that come by presigned address, as video operations want them, and where they are found afterwards.

From a public client and older pages (NOTES section 1): `video.upload` gives an address that lives an hour and takes a
multipart POST, its fields first and the file last, with 204; the file's own address lives a day; at most 1 GB.
"""

import attrs
from aiohttp import BodyPartReader, web

from bria_async.sim.answers import Refusal
from bria_async.sim.body import BROKEN, part_text
from bria_async.sim.store import Blob
from bria_async.sim.world import World

MAX_BYTES = 1 << 30
_CHUNK = 1 << 20


class Media:
    """The handlers of uploads over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """The routes, to be added to an application; the GET also answers HEAD."""
        return [web.post("/_sim/uploads/{upload_id}", self.take), web.get("/_sim/media/{name}", self.give)]

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Keep a file: 403 too late or without the right fields, 400 without a file at the end."""
        world = self._world
        upload = world.uploads.get(request.match_info["upload_id"])
        if upload is None:
            raise web.HTTPNotFound
        if not upload.open(world.clock.now()):
            raise web.HTTPForbidden(text="Request has expired")
        if request.content_type != "multipart/form-data":
            raise web.HTTPBadRequest(text="The body must be multipart/form-data")
        try:
            blob = await self._file(request, upload.fields)
        except BROKEN as failure:
            raise web.HTTPBadRequest from failure
        except Refusal as refusal:
            raise web.HTTPBadRequest(text=refusal.text) from refusal
        world.uploads[upload.id] = attrs.evolve(upload, sha256=blob.sha256)
        world.commit()
        return web.Response(status=204)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """A file that was uploaded: 404 before, 403 when its day is over."""
        world, name = self._world, request.match_info["name"]
        upload = world.uploads.get(name.partition(".")[0])
        if upload is None or upload.sha256 is None:
            raise web.HTTPNotFound
        if not upload.there(world.clock.now()):
            raise web.HTTPForbidden(text="Request has expired")
        return web.FileResponse(world.blobs.path(upload.sha256), headers={"Content-Type": upload.media_type})

    async def _file(self, request: web.Request, expected: dict[str, str]) -> Blob:
        """The file, which comes after every expected field and before nothing."""
        given: dict[str, str] = {}
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None or "file" in given:
                raise web.HTTPBadRequest(text="The file is not the last part")
            if part.name not in {"file", *expected}:
                raise web.HTTPForbidden(text="The fields are not those of this upload")
            if part.name != "file":
                given[part.name] = await part_text(part)
                continue
            if given != expected:
                raise web.HTTPForbidden(text="The fields are not those of this upload")
            given["file"] = (blob := await self._kept(part)).sha256
        if "file" not in given:
            raise web.HTTPBadRequest(text="There is no file")
        return blob

    async def _kept(self, part: BodyPartReader) -> Blob:
        with self._world.blobs.spool() as spool:
            while chunk := await part.read_chunk(_CHUNK):
                spool.write(chunk)
                if spool.size > MAX_BYTES:
                    raise web.HTTPRequestEntityTooLarge(MAX_BYTES, spool.size)
            return spool.keep()
