"""Shapes of answers as JSON schemas, for the OpenAPI document: tolerant where the generations differ."""

from typing import Any

Json = dict[str, Any]

_TEXT, _WHOLE, _TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_WHOLE_OR_NULL = {"type": ["integer", "null"]}


def ref(name: str) -> Json:
    """A reference to one of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Json) -> Json:
    """An array of one shape."""
    return {"type": "array", "items": items}


def shape(*required: str, **properties: Json) -> Json:
    """An object; more fields than these are allowed."""
    names = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties} | names


_ERROR = shape("code", "message", code={"type": ["integer", "string"]}, message=_TEXT, details=_TEXT)
_PROBLEM = shape("msg", "field_name", msg=_TEXT, field_name=_TEXT, field_input={})
_BLOCKED = shape("blocked", blocked=_TRUTH, error_code=_WHOLE, description=_TEXT)
_URLS = {"anyOf": [array(_TEXT), _TEXT]}
_RESULT = shape(
    image_url=_TEXT,
    video_url=_TEXT,
    seed={"type": ["integer", "string"]},
    prompt=_TEXT_OR_NULL,
    refined_prompt=_TEXT_OR_NULL,
    structured_prompt=_TEXT_OR_NULL,
)
_EDITED = shape("result_url", result_url=_TEXT, sid=_TEXT)
_ROW = array({"description": "URL, seed, name", "type": ["string", "integer"]})
_FOUND = shape("results", results=array(shape("visual_id", visual_id=_TEXT, org_image_key=_TEXT, source_url=_TEXT)))
_CAPTIONS = shape("results", results=array(shape("caption", caption=_TEXT)))

COMPONENTS: dict[str, Json] = {
    "Refused": {
        "description": "v1 says no in four shapes.",
        "anyOf": [
            shape("error", error=_TEXT),
            shape("message", message=_TEXT),
            shape("errors", errors=array(_PROBLEM)),
            _TEXT,
        ],
    },
    "RefusedV2": shape("error", "request_id", error=_ERROR, request_id=_TEXT),
    "Submitted": shape("request_id", "status_url", request_id=_TEXT, status_url=_TEXT),
    "Finished": {
        "description": "A result, or by option a flat one.",
        "anyOf": [shape("request_id", "result", request_id=_TEXT, result=ref("Result")), ref("Result")],
    },
    "Result": _RESULT,
    "Status": shape(
        "status",
        "request_id",
        status={"enum": ["IN_PROGRESS", "COMPLETED", "ERROR", "UNKNOWN"]},
        request_id=_TEXT,
        result=ref("Result"),
        error=_ERROR,
    ),
    "NotFound": shape("status", status={"const": "NOT_FOUND"}),
    "Results": shape(
        "result",
        result=array({"anyOf": [shape("urls", urls=_URLS, seed=_WHOLE, uuid=_TEXT), _BLOCKED]}),
    ),
    "Project": shape(
        "id",
        id=_WHOLE,
        project_name=_TEXT,
        project_description=_TEXT,
        ip_name=_TEXT,
        ip_description=_TEXT,
        ip_medium=_TEXT,
        ip_type=_TEXT,
        status=_TEXT,
        training_version=_TEXT_OR_NULL,
        created_at=_TEXT,
        updated_at=_TEXT_OR_NULL,
    ),
    "Dataset": shape(
        "id",
        id=_WHOLE,
        project_id=_WHOLE,
        name=_TEXT,
        status={"enum": ["draft", "completed"]},
        captions_update_status={"enum": ["empty", "in_progress", "completed"]},
        upload_type=_TEXT,
        caption_prefix=_TEXT_OR_NULL,
        captions_source=_TEXT_OR_NULL,
        visual_schema=_TEXT_OR_NULL,
        use_case=_TEXT,
        style_description=_TEXT,
        images_count=_WHOLE,
        images=array(ref("Image")),
        created_at=_TEXT,
        updated_at=_TEXT_OR_NULL,
    ),
    "Image": shape(
        "id",
        id=_WHOLE,
        dataset_id=_WHOLE,
        caption=_TEXT_OR_NULL,
        caption_source=_TEXT_OR_NULL,
        upload_source_url=_TEXT_OR_NULL,
        image_name=_TEXT,
        image_url=_TEXT,
        thumbnail_url=_TEXT,
        created_at=_TEXT,
        updated_at=_TEXT_OR_NULL,
    ),
    "Model": shape(
        "id",
        id=_WHOLE,
        name=_TEXT,
        description=_TEXT,
        status=_TEXT,
        training_mode=_TEXT,
        active_model_version=_TEXT,
        checkpoint_steps=array(_TEXT),
        project_id=_WHOLE_OR_NULL,
        dataset_id=_WHOLE_OR_NULL,
        custom_metadata=_TEXT,
        training_version=_TEXT_OR_NULL,
        training_parameters={"type": ["object", "null"]},
        created_at=_TEXT,
        updated_at=_TEXT_OR_NULL,
    ),
    "Checkpoint": shape(
        "checkpoint_step",
        checkpoint_step=_WHOLE,
        training_job_id=_WHOLE,
        created_at=_TEXT,
    ),
}

ANSWERS: dict[str, Json] = {
    "projects.list": array(ref("Project")),
    "projects.create": ref("Project"),
    "projects.get": ref("Project"),
    "projects.update": ref("Project"),
    "projects.list_datasets": array(ref("Dataset")),
    "projects.list_models": array(ref("Model")),
    "datasets.list": array(ref("Dataset")),
    "datasets.create": ref("Dataset"),
    "datasets.get": ref("Dataset"),
    "datasets.update": ref("Dataset"),
    "datasets.clone": ref("Dataset"),
    "datasets.download": shape("download_url", "captions_url", download_url=_TEXT, captions_url=_TEXT),
    "images.list": array(ref("Image")),
    "images.upload": ref("Image"),
    "images.regenerate_captions": ref("Dataset"),
    "images.get": ref("Image"),
    "images.update": ref("Image"),
    "images.bulk_upload_status": shape(
        "status",
        status={"enum": ["pending", "processing", "completed", "failed"]},
        progress_percentage=_WHOLE,
        total_processed=_WHOLE,
        done=_WHOLE,
        failed=_WHOLE,
        failed_images=array(shape()),
    ),
    "models.list": array(ref("Model")),
    "models.create": ref("Model"),
    "models.upload": shape("id", "status", id=_WHOLE, status={"enum": ["syncing", "completed"]}),
    "models.get": ref("Model"),
    "models.update": ref("Model"),
    "models.start_training": ref("Model"),
    "models.stop_training": ref("Model"),
    "models.list_checkpoints": shape("checkpoints", checkpoints=array(ref("Checkpoint")), active_model_version=_TEXT),
    "models.get_checkpoint": ref("Checkpoint"),
    "models.download": shape("download_url", download_url=_TEXT, base_model_name=_TEXT, base_model_card=_TEXT),
    "tailored.generate_prefix": shape("prefix", prefix=_TEXT),
    "tailored.generate_visual_schema": shape("visual_schema", visual_schema=_TEXT),
    "tailored.refine_structured_prompt": shape("structured_prompt", structured_prompt=_TEXT),
    "tailored.text_to_image": ref("Results"),
    "tailored.text_to_vector": ref("Results"),
    "tailored.reimagine": ref("Results"),
    "tailored.restyle_portrait": shape("result", result=array(shape("image_url", image_url=_TEXT))),
    "jobs.status": ref("Status"),
    "visuals.register": shape("visual_id", visual_id=_TEXT),
    **{
        f"visuals.{edit}": _EDITED
        for edit in ("blur_background", "crop", "expand", "generate_masks", "remove_background")
    },
    **{f"visuals.{edit}": _EDITED for edit in ("increase_resolution", "modify_presenter", "remove_objects", "to_psd")},
    "visuals.replace_background": shape("result", result=array(_ROW)),
    "search.by_text": _FOUND,
    "search.by_image": _FOUND,
    "search.caption": _CAPTIONS,
    "visuals.caption": _CAPTIONS,
    "video.upload": shape("result", result=shape("upload_url", "upload_fields", "file_url")),
}
"""Bodies of success by operation, where they are not those of a v2 job."""
