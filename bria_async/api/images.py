"""Images of a dataset: uploading, describing and listing them."""

from pathlib import Path

from bria_async import wire
from bria_async.transport.files import part_of, require_size
from bria_async.types.common import Id
from bria_async.types.datasets import Dataset
from bria_async.types.images import BulkUpload, DatasetImage

from .parameters import ImageFile


class Images(wire.Family):
    """The images of a dataset and their captions."""

    @wire.get("/v1/tailored-gen/datasets/{dataset_id}/images")
    async def list(self, dataset_id: Id) -> tuple[DatasetImage, ...]:
        """All images of a dataset; the API has no paging here.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 003, SEED 004, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/datasets/{dataset_id}/images", effect="findable", look="images.list, by its name")
    async def upload(
        self,
        dataset_id: Id,
        *,
        file: ImageFile | None = None,
        image_url: str | None = None,
        image_name: str | None = None,
        increase_resolution: bool | None = None,
        content_moderation: bool | None = None,
    ) -> DatasetImage:
        """Upload one image, as base64 or by address; `upload_file` sends a file as multipart.

        Args:
            dataset_id: a draft with room: up to 200 images when its upload type is `basic`.
            file: jpeg, png or webp up to 12 MB: a path, bytes or base64, sent as base64; an address goes to
                `image_url`. Exactly one of `file` and `image_url`.
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
            as_json: send it as base64 in JSON, as later pages do.
            increase_resolution: as in `upload`.
            content_moderation: as in `upload`.
            checked: size (bytes) and modification time (ns) when it was checked; a file that changed since is
                not sent.

        Raises:
            InvalidParameter: it is larger than 12 MB (only when strict); nothing was sent.
            ImageError: it cannot be read.
            ImageChanged: it changed since it was checked, or while it was sent.
        """
        client = self._client
        part = await client.host.in_thread(lambda: part_of(Path(path), name=name, checked=checked))
        if client.strict:
            require_size(part.content, "images.upload")
        values = {
            "dataset_id": dataset_id,
            "image_name": part.filename,
            "increase_resolution": increase_resolution,
            "content_moderation": content_moderation,
        }
        call = self.endpoints["upload"].call(values, strict=client.strict)
        call = call.with_base64(part) if as_json else call.as_multipart(part)
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
        look="images.bulk_upload_status",
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
