"""Images of a dataset, one by one and by archive."""

from typing import Annotated

import attrs

from bria_async.sim import bulk, sources, views
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Dataset
from bria_async.sim.routes import Call, Routes, Upload
from bria_async.sim.schema import Only
from bria_async.sim.world import FULL_RESOLUTION, SMALLEST_RESOLUTION

routes = Routes()

_PATH = "/v1/tailored-gen/datasets/{dataset_id}/images"


@attrs.frozen(kw_only=True)
class UploadImage:
    """One image, as exactly one of `file` (a file part, or base64 in JSON) and `image_url`."""

    file: Upload | str | None = None
    image_url: str | None = None
    image_name: str | None = None
    increase_resolution: Annotated[bool, Only("BCDE")] = True
    content_moderation: Annotated[bool, Only("BCDE")] = False


@attrs.frozen(kw_only=True)
class UpdateImage:
    """A caption by hand, or a new automatic one; not both."""

    caption: str | None = None
    regenerate_caption: bool = False


@attrs.frozen(kw_only=True)
class BulkUpload:
    """An archive by URL."""

    zip_url: str
    content_moderation: bool = False


@routes.get(_PATH, "images.list", answers="200 401 403 404 429 500")
async def list_(call: Call) -> Answer:
    """All images of a dataset."""
    dataset = call.dataset()
    shown = call.world.visible_images(dataset.id, call.now, lag=call.options.listing_lag)
    return Answer(200, [views.image(call, image) for image in shown])


@routes.post(_PATH, "images.upload", answers="201 400 401 403 404 409 412 415 422 429 500", also=(_PATH + "/",))
async def upload(call: Call, body: UploadImage) -> Answer:
    """Put an image in a dataset.

    412 below 256 pixels a side, or below 1024 with `increase_resolution` false (NOTES C30).
    """
    if (body.file is None) == (body.image_url is None):
        raise Refusal(400, "Exactly one of file and image_url must be provided")
    call.world.open_for_images(call.dataset())
    if body.file is not None:
        source = await sources.image(call, body.file, name=body.image_name)
    else:
        source = await sources.image_at(call, body.image_url or "", name=body.image_name)
    side = min(source.picture.width, source.picture.height)
    needed = SMALLEST_RESOLUTION if body.increase_resolution else FULL_RESOLUTION
    if side < needed:
        raise Refusal(412, f"The image must be at least {needed}x{needed} pixels")
    sources.moderate(call, {"file": source}, asked=body.content_moderation)
    image = call.world.add_image(
        call.dataset(), source.blob, source.picture, name=source.name, at=call.now, source_url=source.url
    )
    if call.options.upload_answer == "form":
        return Answer(201, views.image_form(call, image), form=True)
    return Answer(201, views.image(call, image))


@routes.put(
    _PATH, "images.regenerate_captions", answers="202 401 403 404 429 500", also=(_PATH + "/",), generations="BCDE"
)
async def regenerate_captions(call: Call) -> Answer:
    """Write all captions anew; poll the dataset until `captions_update_status` is completed.

    A FIBO dataset without a visual schema completes the regeneration with no captions (unknown: chosen).
    """
    world, dataset = call.world, call.dataset()
    if dataset.status == "completed":
        raise Refusal(409, "Captions of a completed dataset cannot be changed")
    for image in world.visible_images(dataset.id, call.now):
        world.images[image.id] = world.automatic_caption(dataset, image, call.now)
    dataset = attrs.evolve(dataset, captions_due=call.now + call.options.caption_delay, updated_at=call.now)
    world.datasets[dataset.id] = dataset
    return Answer(202, views.dataset(call, dataset))


@routes.get(_PATH + "/{image_id}", "images.get", answers="200 401 403 404 429 500")
async def get(call: Call) -> Answer:
    """One image."""
    return Answer(200, views.image(call, call.image()))


@routes.put(_PATH + "/{image_id}", "images.update", answers="200 400 401 403 404 409 429 500", generations="BCDE")
async def update(call: Call, body: UpdateImage) -> Answer:
    """Caption an image by hand, or have it captioned anew."""
    dataset, image = call.dataset(), call.image()
    if body.caption is not None and body.regenerate_caption:
        raise Refusal(400, "caption and regenerate_caption cannot be used together")
    if dataset.status == "completed":
        raise Refusal(409, "Captions of a completed dataset cannot be changed")
    if body.caption is not None:
        image = attrs.evolve(image, caption=body.caption, caption_source="manual", caption_due=None)
    elif body.regenerate_caption:
        image = call.world.automatic_caption(dataset, image, call.now)
    call.world.images[image.id] = attrs.evolve(image, updated_at=call.now)
    return Answer(200, views.image(call, call.world.images[image.id]))


@routes.delete(_PATH + "/{image_id}", "images.delete", answers="204 401 403 404 409 429 500")
async def delete(call: Call) -> Answer:
    """Delete an image of a draft."""
    dataset, image = call.dataset(), call.image()
    if dataset.status == "completed":
        raise Refusal(409, "Images cannot be removed from a completed dataset")
    del call.world.images[image.id]
    return Answer(204)


@routes.post(
    _PATH + "/bulk-upload",
    "images.bulk_upload",
    answers="202 400 401 403 404 413 429 500",
    also=("/v1/tailored-gen/datasets/{dataset_id}/images/bulk",),
    generations="CDE",
)
async def bulk_upload(call: Call, body: BulkUpload) -> Answer:
    """Fill an advanced dataset from an archive: once, while it is empty."""
    _open_for_bulk(call)
    members = await bulk.read(call, body.zip_url)
    dataset = _open_for_bulk(call)
    bulk.start(call, dataset, members, moderate=body.content_moderation)
    return Answer(202)


def _open_for_bulk(call: Call) -> Dataset:
    world, dataset = call.world, call.dataset()
    world.open_for_images(dataset)
    if dataset.upload_type != "advanced":
        raise Refusal(400, "Bulk upload needs a dataset with upload_type advanced")
    if dataset.id in world.bulks or world.images.count(dataset.id):
        raise Refusal(400, "Bulk upload is possible once, and only into an empty dataset")
    return dataset


@routes.get(
    _PATH + "/bulk-upload/status", "images.bulk_upload_status", answers="200 400 401 403 404 429 500", generations="CDE"
)
async def bulk_upload_status(call: Call) -> Answer:
    """How far the bulk upload is."""
    progress = call.world.bulks.get(call.dataset().id)
    if progress is None:
        raise Refusal(404, "The dataset has no bulk upload")
    done = progress.done(call.now)
    failed = [file for file in done if file.error_code]
    return Answer(
        200,
        {
            "status": progress.status(call.now),
            "progress_percentage": 100 * len(done) // len(progress.files) if progress.files else 0,
            "total_processed": len(done),
            "done": len(done) - len(failed),
            "failed": len(failed),
            "failed_images": [attrs.asdict(file) for file in failed],
        },
    )
