"""Images of a dataset: uploading, describing and listing them."""

import base64
import os
from pathlib import Path
from stat import S_ISREG
from typing import Annotated

from bria_async import wire
from bria_async.errors import ImageChanged, ImageError
from bria_async.types.common import Id
from bria_async.types.datasets import Dataset
from bria_async.types.images import BulkUpload, DatasetImage

_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_HEAD = 12
"""Bytes of a file that tell its type."""


class Images(wire.Family):
    """The images of a dataset and their captions."""

    @wire.get("/v1/tailored-gen/datasets/{dataset_id}/images")
    async def list(self, dataset_id: Id) -> tuple[DatasetImage, ...]:
        """All images of a dataset; the API has no paging here.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 003, SEED 004, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/datasets/{dataset_id}/images", effect="findable")
    async def upload(
        self,
        dataset_id: Id,
        *,
        file: Annotated[str, wire.Base64()] | None = None,
        image_url: str | None = None,
        image_name: str | None = None,
        increase_resolution: bool | None = None,
        content_moderation: bool | None = None,
    ) -> DatasetImage:
        """Upload one image, as base64 or by address; `upload_file` takes a file and streams it.

        Args:
            dataset_id: a draft with room: up to 200 images when its upload type is `basic`.
            file: jpeg, png or webp as base64, up to 12 MB. Exactly one of `file` and `image_url`.
            image_url: a public address of an image.
            image_name: its name; in 2024 only looked at beside `image_url` (SEED 003).
            increase_resolution: enlarge images from 256 pixels a side to 1024; the server's default is true.
            content_moderation: refuse (422) what moderation stops; the server's default is false.

        Statuses: 400 (both or neither given), 401, 403, 404, 409 (dataset completed or full), 412 (below
        256x256, or below 1024x1024 without `increase_resolution`), 413, 415 (type), 422 (unreadable or
        moderated), 429, 500.
        Source: all seeds, published spec.
        """
        ...

    async def upload_file(
        self,
        dataset_id: Id,
        path: str | Path,
        *,
        name: str | None = None,
        as_json: bool = False,
        increase_resolution: bool | None = None,
        content_moderation: bool | None = None,
        checked: tuple[int, int] | None = None,
    ) -> DatasetImage:
        """Upload a file from disk as `upload` does, streamed as multipart and never held whole.

        Args:
            dataset_id: the dataset.
            path: the file.
            name: the name it gets at the server, by default its own; sent as file name and as `image_name`,
                because generations of the API read one or the other (SEED 003, published spec).
            as_json: send it as base64 in JSON, as later pages do; this holds the file in memory.
            increase_resolution: as in `upload`.
            content_moderation: as in `upload`.
            checked: size (bytes) and modification time (ns) when it was checked; a file that changed since is
                not sent.

        Raises:
            ImageError: the file cannot be read.
            ImageChanged: it changed since it was checked, or while it was sent.
        """
        client = self._client
        part = await client.host.in_thread(_part, Path(path), name, checked)
        values = {
            "dataset_id": dataset_id,
            "file": await client.host.in_thread(_base64, part) if as_json else None,
            "image_name": part.filename,
            "increase_resolution": increase_resolution,
            "content_moderation": content_moderation,
        }
        call = self.endpoints["upload"].call(values, strict=client.strict)
        if not as_json:
            call = call.as_multipart(part)
        image: DatasetImage = await client.send(call)
        return image

    @wire.put("/v1/tailored-gen/datasets/{dataset_id}/images")
    async def regenerate_captions(self, dataset_id: Id) -> Dataset:
        """Make all captions anew, after a change of prefix or schema.

        Then poll `datasets.get` until `Dataset.captions_update_status` is `completed`; it has no word for
        failure.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 002, published spec.
        """
        ...

    @wire.post(
        "/v1/tailored-gen/datasets/{dataset_id}/images/bulk-upload",
        effect="findable",
        fallback="/v1/tailored-gen/datasets/{dataset_id}/images/bulk",
    )
    async def bulk_upload(
        self, dataset_id: Id, *, zip_url: str | None = None, content_moderation: bool | None = None
    ) -> None:
        """Fill an empty dataset of upload type `advanced` from one zip. There is one attempt per dataset,
        ever.

        What the answer holds is documented nowhere, so it is not read: `bulk_upload_status` tells the
        progress. SEED 001 and SEED 002 write the path `/images/bulk`, which is tried where the other is not
        found.

        Args:
            dataset_id: the dataset.
            zip_url: where the server fetches the zip: up to 5 GB and 5000 images.
            content_moderation: leave out what moderation stops; the server's default is false.

        Statuses: 400, 401, 403, 404, 413, 429, 500. Source: SEED 001, SEED 002, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/datasets/{dataset_id}/images/bulk-upload/status")
    async def bulk_upload_status(self, dataset_id: Id) -> BulkUpload:
        """How far the upload of a zip is, and which of its files failed.

        Statuses: 400, 401, 403, 404, 429, 500. Source: published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/datasets/{dataset_id}/images/{image_id}")
    async def get(self, dataset_id: Id, image_id: Id) -> DatasetImage:
        """One image.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 003, SEED 004, published spec.
        """
        ...

    @wire.put("/v1/tailored-gen/datasets/{dataset_id}/images/{image_id}")
    async def update(
        self,
        dataset_id: Id,
        image_id: Id,
        *,
        caption: str | None = None,
        regenerate_caption: bool | None = None,
    ) -> DatasetImage:
        """Change the caption of an image, or have it made anew.

        Args:
            dataset_id: a draft.
            image_id: the image.
            caption: the continuation of the prefix (legacy), or a JSON text (FIBO). Not beside
                `regenerate_caption`.
            regenerate_caption: make it anew; the server's default is false.

        Statuses: 400 (both given), 401, 403, 404, 409 (dataset completed), 429, 500.
        Source: SEED 002, published spec.
        """
        ...

    @wire.delete("/v1/tailored-gen/datasets/{dataset_id}/images/{image_id}")
    async def delete(self, dataset_id: Id, image_id: Id) -> None:
        """Delete an image of a draft.

        Statuses: 401, 403, 404, 409 (dataset completed), 429, 500. Source: SEED 003, SEED 004, published
            spec.
        """
        ...


def _part(path: Path, name: str | None, checked: tuple[int, int] | None) -> wire.FilePart:
    """The file as it is now, its type read from its first bytes rather than its name."""
    try:
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            raise ImageError("is not a regular file", str(path))
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", str(path)) from None
    if checked not in (None, (stat.st_size, stat.st_mtime_ns)):
        raise ImageChanged("changed since it was checked; nothing was sent", str(path))
    return wire.FilePart(path, name or path.name, content_type(head), stat.st_size, stat.st_mtime_ns)


def content_type(head: bytes) -> str:
    """The media type of a file with these first bytes: jpeg, png or webp, else plain bytes."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "application/octet-stream")


def _base64(part: wire.FilePart) -> str:
    try:
        with part.path.open("rb") as file:
            data = file.read()
            stat = os.fstat(file.fileno())
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", str(part.path)) from None
    if (stat.st_size, stat.st_mtime_ns) != (part.size, part.mtime_ns) or len(data) != part.size:
        raise ImageChanged("changed since it was checked; nothing was sent", str(part.path))
    return base64.b64encode(data).decode("ascii")
