"""How values look in answers, in every generation of the documentation."""

from datetime import UTC, datetime
from typing import Any

from bria_async.sim.entities import Dataset, Image, Model, Project
from bria_async.sim.options import Options
from bria_async.sim.routes import Call

Json = dict[str, Any]

_GENERATION_A_STATUS = {"InProgress": "Training In Progress", "Completed": "ready"}


def stamp(options: Options, moment: float | None) -> str | None:
    """A date: naive with microseconds (2025), or with Z (2024)."""
    if moment is None:
        return None
    date = datetime.fromtimestamp(moment, UTC)
    if options.timestamps == "Z":
        return f"{date:%Y-%m-%dT%H:%M:%SZ}"
    return date.replace(tzinfo=None).isoformat(timespec="microseconds")


def project(call: Call, value: Project, *, listed: bool = False) -> Json:
    """A project; only lists show `updated_at` (SEED 001)."""
    view: Json = {
        "id": value.id,
        "project_name": value.project_name,
        "project_description": value.project_description,
        "ip_name": value.ip_name,
        "ip_description": value.ip_description,
        "ip_medium": value.ip_medium,
        "ip_type": value.ip_type,
        "status": "active",
        "created_at": stamp(call.options, value.created_at),
    }
    if call.options.generation in {"all", "D"}:
        view["training_version"] = value.training_version
    if listed:
        view["updated_at"] = stamp(call.options, value.updated_at)
    return view


def dataset(call: Call, value: Dataset) -> Json:
    """A dataset without its images: of the 2024 kind, legacy (prefix) or FIBO (schema) (NOTES C15)."""
    view: Json = {"id": value.id, "name": value.name, "status": value.status}
    if value.project_id is None:
        view |= {"use_case": value.use_case, "style_description": value.style_description}
    else:
        view |= {
            "project_id": value.project_id,
            "captions_update_status": value.captions_update_status(call.now),
            "upload_type": value.upload_type,
        }
        if call.world.family(value) == "legacy":
            view |= {"caption_prefix": value.caption_prefix, "captions_source": value.captions_source}
        else:
            view["visual_schema"] = value.visual_schema
    view["images_count"] = len(call.world.visible_images(value.id, call.now))
    view["created_at"] = stamp(call.options, value.created_at)
    view["updated_at"] = stamp(call.options, value.updated_at)
    return view


def dataset_with_images(call: Call, value: Dataset, max_images: int) -> Json:
    """A dataset with up to so many of its images; `images_count` tells the truth."""
    shown = call.world.visible_images(value.id, call.now, lag=call.options.listing_lag)[:max_images]
    return dataset(call, value) | {"images": [image(call, each) for each in shown]}


def image(call: Call, value: Image) -> Json:
    """An image; without a caption by now, `caption` is null and `caption_source` pending or null."""
    captioned = value.captioned(call.now)
    waiting = "pending" if call.options.caption_waiting == "pending" else None
    return {
        "id": value.id,
        "dataset_id": value.dataset_id,
        "caption": value.caption if captioned else None,
        "caption_source": value.caption_source if captioned else waiting,
        "upload_source_url": value.upload_source_url,
        "image_name": value.image_name,
        "image_url": call.url(f"/_sim/images/{value.id}"),
        "thumbnail_url": call.url(f"/_sim/thumbnails/{value.id}"),
        "created_at": stamp(call.options, value.created_at),
        "updated_at": stamp(call.options, value.updated_at),
    }


def image_form(call: Call, value: Image) -> Json:
    """The form-encoded answer to an upload of 2024, which says `file_name` (SEED 003)."""
    view = image(call, value)
    names = ("id", "dataset_id", "caption", "image_name", "image_url", "thumbnail_url", "created_at")
    return {name.replace("image_name", "file_name"): view[name] for name in names if view[name] is not None}


def model(call: Call, value: Model, *, parameters: bool = True) -> Json:
    """A model; `parameters` false leaves the training parameters out, as lists do unless asked."""
    status = value.status(call.now)
    if call.options.generation == "A":
        return {
            "id": value.id,
            "name": value.name,
            "description": value.description,
            "status": _GENERATION_A_STATUS.get(status, status),
            "dataset_id": value.dataset_id,
            "created_at": stamp(call.options, value.created_at),
        }
    view: Json = {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "status": status,
        "training_mode": value.training_mode,
        "active_model_version": "default",
        "checkpoint_steps": [str(step) for step in value.checkpoints(call.now)],
        "project_id": value.project_id,
        "dataset_id": value.dataset_id,
        "custom_metadata": "",
        "created_at": stamp(call.options, value.created_at),
        "updated_at": stamp(call.options, value.updated_at),
    }
    if call.options.generation != "E":
        view["training_version"] = value.training_version
    if parameters:
        view["training_parameters"] = value.parameters
    return view
