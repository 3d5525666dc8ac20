"""Models: training, checkpoints, weights."""

from typing import Annotated, Any, Literal

import attrs

from bria_async.sim import views
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Model
from bria_async.sim.parsing import number
from bria_async.sim.projects import ListModels
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Documented, Only, Range

routes = Routes()

_PATH = "/v1/tailored-gen/models"
_ONE = _PATH + "/{model_id}"
_BASE_MODELS = {"fibo": "briaai/FIBO", "legacy": "briaai/BRIA-3.2"}


@attrs.frozen(kw_only=True)
class CreateModel:
    """A model for a dataset, which may still be a draft (NOTES C35)."""

    name: str
    dataset_id: int
    description: str = ""
    training_mode: Annotated[Literal["fully_automated", "expert"], Only("CDE")] = "fully_automated"
    training_version: Annotated[
        Literal["fibo", "max", "light", "3.2", "2.3", "bria-3.2", "bria-2.3"] | None, Only("BCD")
    ] = None


@attrs.frozen(kw_only=True)
class UploadModel:
    """Weights by URL; the contract is uncertain (older public pages)."""

    name: str
    project_id: int
    model_url: str


@attrs.frozen(kw_only=True)
class UpdateModel:
    """The fields of a model that can change."""

    name: str | None = None
    description: str | None = None


@attrs.frozen(kw_only=True)
class StartTraining:
    """Parameters of an expert training; none of them for a fully automated one."""

    lr_scheduler: Annotated[
        Literal["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup"] | None,
        Only("CDE"),
    ] = None
    learning_rate: Annotated[float | None, Range(1e-6, 1e-3), Only("CDE")] = None
    total_training_steps: Annotated[int | None, Range(1, 5000), Only("CDE")] = None
    rank: Annotated[int | None, Range(4, 256), Only("CDE")] = None
    checkpoint_interval: Annotated[int | None, Range(100), Only("CDE")] = None
    lr_warmup_steps: Annotated[int | None, Range(0, 1000), Only("CDE"), Documented(100)] = None


@routes.get(_PATH, "models.list", answers="200 401 403 429 500")
async def list_(call: Call, query: ListModels) -> Answer:
    """All models."""
    seen = call.now - call.options.listing_lag
    shown = [model for model in call.world.models.values() if model.created_at <= seen]
    return Answer(200, [views.model(call, model, parameters=query.include_training_parameters) for model in shown])


@routes.post(_PATH, "models.create", answers="201 400 401 403 404 429 500")
async def create(call: Call, body: CreateModel) -> Answer:
    """A new model; its family must be its dataset's."""
    world = call.world
    dataset = world.datasets.get(body.dataset_id)
    if dataset is None:
        raise Refusal(404, "Dataset with the specified ID does not exist.")
    model = Model(
        id=world.new_id(),
        project_id=dataset.project_id,
        family=world.family_for_model(dataset, body.training_version),
        created_at=call.now,
        **attrs.asdict(body) | {"training_version": body.training_version or dataset.training_version},
    )
    world.models[model.id] = model
    return Answer(201, views.model(call, model))


@routes.post(_PATH + "/upload_model", "models.upload", answers="201 400 401 403 429 500")
async def upload(call: Call, body: UploadModel) -> Answer:
    """A model from weights trained elsewhere: `syncing` for a while, then `completed`. Nothing is fetched."""
    world = call.world
    project = world.projects.get(body.project_id)
    if project is None:
        raise Refusal(400, "Project with the specified ID does not exist.")
    if not body.model_url.partition("?")[0].endswith(".safetensors"):
        raise Refusal(400, "model_url names a .safetensors file")
    model = Model(
        id=world.new_id(),
        name=body.name,
        project_id=project.id,
        family=project.family,
        training_version=project.training_version,
        uploaded_until=call.now + call.options.job_time,
        created_at=call.now,
    )
    world.models[model.id] = model
    return Answer(201, {"id": model.id, "status": model.status(call.now)})


@routes.get(_ONE, "models.get", answers="200 401 403 404 429 500")
async def get(call: Call) -> Answer:
    """One model."""
    return Answer(200, views.model(call, call.model()))


@routes.put(_ONE, "models.update", answers="200 401 403 404 429 500", generations="BCDE")
async def update(call: Call, body: UpdateModel) -> Answer:
    """Change name and description."""
    changes = attrs.asdict(body, filter=lambda _, value: value is not None)
    model = attrs.evolve(call.model(), updated_at=call.now, **changes)
    call.world.models[model.id] = model
    return Answer(200, views.model(call, model, parameters=False))


@routes.delete(_ONE, "models.delete", answers="204 401 403 404 409 429 500")
async def delete(call: Call) -> Answer:
    """Delete a model; 204 without a body (NOTES C20)."""
    model = call.model()
    if model.training(call.now):
        raise Refusal(409, "Cannot delete model while it is in training", "message")
    del call.world.models[model.id]
    return Answer(204)


@routes.post(_ONE + "/start_training", "models.start_training", answers="200 400 401 403 404 409 412 429 500")
async def start_training(call: Call, body: StartTraining) -> Answer:
    """Train: once per model, on a completed dataset."""
    world, model, now = call.world, call.model(), call.now
    if model.status(now) != "Created":
        stopped = model.status(now) in {"Stopping", "Stopped"}
        raise Refusal(409, f"Training already {'stopped' if stopped else 'started'}", "message")
    given = attrs.asdict(body, filter=lambda _, value: value is not None)
    if given and model.training_mode != "expert":
        text = "Advanced training parameters are only supported when training_mode is set to 'expert'."
        raise Refusal(400, text, "message")
    dataset = world.datasets.get(model.dataset_id) if model.dataset_id is not None else None
    if dataset is None:
        raise Refusal(404, "The dataset of the model does not exist.")
    if dataset.status != "completed":
        raise Refusal(412, "The dataset must be completed before training can start", "message")
    family = world.family(dataset)
    world.decide(dataset, family)
    stalled = call.options.training_outcome == "Stalled"
    model = attrs.evolve(
        model,
        family=family,
        parameters=_parameters(given, family) if model.training_mode == "expert" else None,
        starts=model.starts + 1,
        started_at=now,
        ends_at=None if stalled else now + call.options.training_time,
        outcome="Failed" if call.options.training_outcome == "Failed" else "Completed",
        uncaptioned_images=world.uncaptioned(dataset.id, now),
        updated_at=now,
    )
    world.models[model.id] = model
    return Answer(200, views.model(call, model))


def _parameters(given: dict[str, Any], family: str) -> dict[str, Any]:
    """Expert parameters with the documented defaults (published spec; legacy ones from older prose)."""
    defaults = {
        "learning_rate": 1e-4,
        "lr_scheduler": "constant" if family == "legacy" else "constant_with_warmup",
        "rank": 128,
        "total_training_steps": 1500 if family == "legacy" else 750,
        "checkpoint_interval": 500,
    }
    chosen = defaults | given
    warms_up = chosen["lr_scheduler"] == "constant_with_warmup"
    return chosen | {"lr_warmup_steps": given.get("lr_warmup_steps", 100) if warms_up else None}


@routes.post(_ONE + "/stop_training", "models.stop_training", answers="200 401 403 404 409 429 500")
async def stop_training(call: Call) -> Answer:
    """Stop for good: Stopping, then Stopped. The answer is documented nowhere; chosen, the model."""
    model = call.model()
    if model.status(call.now) != "InProgress":
        raise Refusal(409, "The model is not in training", "message")
    stopped_at = call.now + call.options.stop_time
    model = attrs.evolve(model, stopped_at=stopped_at, updated_at=call.now)
    call.world.models[model.id] = model
    return Answer(200, views.model(call, model))


@routes.get(_ONE + "/checkpoints", "models.list_checkpoints", answers="200 400 404", generations="E")
async def list_checkpoints(call: Call) -> Answer:
    """Checkpoints of a completed expert training."""
    model = _completed(call)
    steps = model.checkpoints(call.now)
    return Answer(
        200,
        {
            "checkpoints": [_checkpoint(call, model, step, at) for step, at in steps.items()],
            "active_model_version": "default",
        },
    )


@routes.get(_ONE + "/checkpoints/{checkpoint_step}", "models.get_checkpoint", answers="200 400 404", generations="E")
async def get_checkpoint(call: Call) -> Answer:
    """One checkpoint."""
    model = _completed(call)
    step = _step(call, model)
    return Answer(200, _checkpoint(call, model, step, model.checkpoints(call.now)[step]))


@routes.delete(
    _ONE + "/checkpoints/{checkpoint_step}", "models.delete_checkpoint", answers="204 400 404", generations="E"
)
async def delete_checkpoint(call: Call) -> Answer:
    """Delete a checkpoint. Unknown which one inference uses: chosen, the last step."""
    model = _completed(call)
    step = _step(call, model)
    if model.parameters and step == model.parameters["total_training_steps"]:
        raise Refusal(400, "Cannot delete checkpoint currently selected for inference", "bare")
    deleted = (*model.deleted_checkpoints, step)
    call.world.models[model.id] = attrs.evolve(model, deleted_checkpoints=deleted, updated_at=call.now)
    return Answer(204)


@routes.get(_ONE + "/download", "models.download", answers="200 400 401 403 404 500", generations="E")
async def download(call: Call) -> Answer:
    """A URL of the weights: a small, valid and empty safetensors file."""
    model = _completed(call)
    return Answer(
        200,
        {
            "download_url": call.url(f"/_sim/models/{model.id}.safetensors"),
            "base_model_name": _BASE_MODELS[model.family or "fibo"],
            "base_model_card": f"https://huggingface.co/{_BASE_MODELS[model.family or 'fibo']}",
        },
    )


def _completed(call: Call) -> Model:
    try:
        model = call.model()
    except Refusal:
        raise Refusal(404, "Model not found", "bare") from None
    if not model.usable(call.now):
        raise Refusal(400, "The model status is not completed", "bare")
    return model


def _step(call: Call, model: Model) -> int:
    step = number(call.path["checkpoint_step"])
    if step not in model.checkpoints(call.now):
        raise Refusal(404, "Checkpoint not found", "bare")
    return step


def _checkpoint(call: Call, model: Model, step: int, at: float) -> dict[str, Any]:
    return {
        "checkpoint_step": step,
        "training_job_id": model.id,
        "created_at": views.stamp(call.options, at),
    }
