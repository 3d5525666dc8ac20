"""Projects: what models are trained for."""

from typing import Annotated, Literal

import attrs

from bria_async.sim import views
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Project, family_of
from bria_async.sim.routes import Call, Routes
from bria_async.sim.schema import Only

routes = Routes()

IpMedium = Literal["photography", "illustration"]
IpType = Literal[
    "multi_object_set",
    "object_variants",
    "icons",
    "defined_character",
    "character_variants",
    "stylized_scene",
    "other",
]
_ILLUSTRATION_ONLY = {"object_variants", "multi_object_set", "icons", "character_variants"}
_WITH_PROJECTS = "BCDE"


@attrs.frozen(kw_only=True)
class CreateProject:
    """A new project. Three fields are needed in practice (SEED 001) although the spec requires none."""

    project_name: str
    ip_type: IpType
    ip_medium: IpMedium
    project_description: str = ""
    ip_name: str = ""
    ip_description: str = ""
    training_version: Annotated[Literal["fibo", "max", "light", "3.2", "2.3"] | None, Only("D")] = None


@attrs.frozen(kw_only=True)
class UpdateProject:
    """The fields of a project that can change."""

    project_name: str | None = None
    project_description: str | None = None
    ip_name: str | None = None
    ip_description: str | None = None


@attrs.frozen(kw_only=True)
class ListDatasets:
    """What else to show with a project's datasets."""

    include_models: bool = False
    include_models_ids: bool = False


@attrs.frozen(kw_only=True)
class ListModels:
    """What else to show with models."""

    include_training_parameters: bool = False


@routes.get("/v1/tailored-gen/projects", "projects.list", answers="200 401 403 429 500", generations=_WITH_PROJECTS)
async def list_(call: Call) -> Answer:
    """All projects."""
    seen = call.now - call.options.listing_lag
    shown = [project for project in call.world.projects.values() if project.created_at <= seen]
    return Answer(200, [views.project(call, project, listed=True) for project in shown])


@routes.post(
    "/v1/tailored-gen/projects", "projects.create", answers="201 400 401 403 429 500", generations=_WITH_PROJECTS
)
async def create(call: Call, body: CreateProject) -> Answer:
    """A new project; word counts of name and description are not enforced (NOTES C3)."""
    if body.ip_type in _ILLUSTRATION_ONLY and body.ip_medium != "illustration":
        raise Refusal(400, f"ip_type {body.ip_type} is available only with ip_medium illustration")
    if body.ip_type == "defined_character" and not body.ip_name:
        raise Refusal(400, "ip_name is required for ip_type defined_character")
    if body.ip_type in {"defined_character", "object_variants"} and not body.ip_description:
        raise Refusal(400, f"ip_description is required for ip_type {body.ip_type}")
    project = Project(
        id=call.world.new_id(),
        family=family_of(body.training_version),
        created_at=call.now,
        **attrs.asdict(body),
    )
    call.world.projects[project.id] = project
    return Answer(201, views.project(call, project))


@routes.get(
    "/v1/tailored-gen/projects/{project_id}",
    "projects.get",
    answers="200 401 403 404 429 500",
    generations=_WITH_PROJECTS,
)
async def get(call: Call) -> Answer:
    """One project."""
    return Answer(200, views.project(call, call.project()))


@routes.put(
    "/v1/tailored-gen/projects/{project_id}",
    "projects.update",
    answers="200 401 403 404 429 500",
    generations=_WITH_PROJECTS,
)
async def update(call: Call, body: UpdateProject) -> Answer:
    """Change names and descriptions."""
    changes = attrs.asdict(body, filter=lambda _, value: value is not None)
    project = attrs.evolve(call.project(), updated_at=call.now, **changes)
    call.world.projects[project.id] = project
    return Answer(200, views.project(call, project))


@routes.delete(
    "/v1/tailored-gen/projects/{project_id}",
    "projects.delete",
    answers="204 401 403 404 409 429 500",
    generations=_WITH_PROJECTS,
)
async def delete(call: Call) -> Answer:
    """Delete a project, its datasets and models. Unknown when this is a 409: chosen, while a model trains."""
    world, project = call.world, call.project()
    models = [model for model in world.models.values() if model.project_id == project.id]
    if any(model.training(call.now) for model in models):
        raise Refusal(409, "Cannot delete a project while one of its models is in training")
    for model in models:
        del world.models[model.id]
    for dataset in [each for each in world.datasets.values() if each.project_id == project.id]:
        world.delete_dataset(dataset.id)
    del world.projects[project.id]
    return Answer(204)


@routes.get(
    "/v1/tailored-gen/projects/{project_id}/datasets",
    "projects.list_datasets",
    answers="200 401 403 404 429 500",
    generations=_WITH_PROJECTS,
)
async def list_datasets(call: Call, query: ListDatasets) -> Answer:
    """The datasets of a project, with their models or their ids when asked."""
    project, shown = call.project(), []
    for dataset in call.world.datasets.values():
        if dataset.project_id != project.id or dataset.created_at + call.options.listing_lag > call.now:
            continue
        view = views.dataset(call, dataset)
        models = call.world.models_of(dataset.id)
        if query.include_models:
            view["models"] = [views.model(call, model) for model in models]
        if query.include_models_ids:
            view["model_ids"] = [str(model.id) for model in models]
        shown.append(view)
    return Answer(200, shown)


@routes.get(
    "/v1/tailored-gen/projects/{project_id}/models",
    "projects.list_models",
    answers="200 401 403 404 429 500",
    generations=_WITH_PROJECTS,
)
async def list_models(call: Call, query: ListModels) -> Answer:
    """The models of a project."""
    project = call.project()
    seen = call.now - call.options.listing_lag
    return Answer(
        200,
        [
            views.model(call, model, parameters=query.include_training_parameters)
            for model in call.world.models.values()
            if model.project_id == project.id and model.created_at <= seen
        ],
    )
