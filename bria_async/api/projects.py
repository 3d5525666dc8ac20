"""Projects: what a model is trained for."""

from typing import Annotated

from bria_async import wire
from bria_async.types.common import Id, IpMedium, IpType
from bria_async.types.datasets import Dataset
from bria_async.types.models import Model
from bria_async.types.projects import Project

TrainingVersion = Annotated[str, wire.Documented(("fibo", "max", "light", "3.2", "2.3", "bria-3.2", "bria-2.3"))]
"""A base model: `fibo`, or one of the legacy family; never refused locally, because names come and go."""


class Projects(wire.Family):
    """Tailored-generation projects: what a model is trained for."""

    @wire.get("/v1/tailored-gen/projects")
    async def list(self) -> tuple[Project, ...]:
        """All projects of the organisation; the API has no paging here.

        Statuses: 401, 403, 429, 500. Source: SEED 000, SEED 001, SEED 002, published spec.
        """
        ...

    @wire.post(
        "/v1/tailored-gen/projects",
        effect="findable",
        look="projects.list, by its name",
        words={"ip_name": 3, "ip_description": 6},
    )
    async def create(
        self,
        *,
        project_name: str | None = None,
        ip_type: IpType | None = None,
        ip_medium: IpMedium | None = None,
        project_description: str | None = None,
        ip_name: str | None = None,
        ip_description: str | None = None,
        training_version: TrainingVersion | None = None,
    ) -> Project:
        """Create a project. `project_name`, `ip_type` and `ip_medium` are needed in practice.

        Args:
            project_name: its name; whether names must be unique is unknown.
            ip_type: what is preserved. `object_variants`, `multi_object_set`, `icons` and
                `character_variants` only go with `ip_medium="illustration"`.
            ip_medium: photography or illustration.
            project_description: free text.
            ip_name: the character's name, 1 to 3 words; needed for `defined_character` only. More words are a
                warning, because the documentation's own example has more.
            ip_description: its distinguishing features, up to 6 words; needed for `defined_character` and
                `object_variants` only.
            training_version: locks the project to a family, `fibo` or legacy (`max`, `light`, `3.2`, `2.3`);
                when omitted, the first dataset decides (SEED 001; absent from the published spec of 2026).

        Statuses: 400, 401, 403 (quota exceeded, or not in the subscription), 429, 500.
        Source: SEED 000, SEED 001, SEED 002, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/projects/{project_id}")
    async def get(self, project_id: Id) -> Project:
        """One project.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 001, published spec.
        """
        ...

    @wire.put("/v1/tailored-gen/projects/{project_id}")
    async def update(
        self,
        project_id: Id,
        *,
        project_name: str | None = None,
        project_description: str | None = None,
        ip_name: str | None = None,
        ip_description: str | None = None,
    ) -> Project:
        """Change the texts of a project; what is not given stays.

        Args:
            project_id: the project.
            project_name: its name.
            project_description: free text.
            ip_name: the character's name.
            ip_description: its distinguishing features.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 000, SEED 001, SEED 002, published spec.
        """
        ...

    @wire.delete("/v1/tailored-gen/projects/{project_id}")
    async def delete(self, project_id: Id) -> None:
        """Delete a project.

        Statuses: 401, 403, 404, 409, 429, 500. Source: SEED 000, SEED 001, SEED 002, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/projects/{project_id}/datasets")
    async def list_datasets(
        self, project_id: Id, *, include_models: bool | None = None, include_models_ids: bool | None = None
    ) -> tuple[Dataset, ...]:
        """The datasets of a project.

        Args:
            project_id: the project.
            include_models: put the models trained on each dataset into `Dataset.models`; the server's default
                is false.
            include_models_ids: put their ids into `Dataset.model_ids`; the server's default is false.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 002, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/projects/{project_id}/models")
    async def list_models(
        self, project_id: Id, *, include_training_parameters: bool | None = None
    ) -> tuple[Model, ...]:
        """The models of a project.

        Args:
            project_id: the project.
            include_training_parameters: fill `Model.training_parameters`; the server's default is false.

        Statuses: 401, 403, 404, 429, 500. Source: published spec.
        """
        ...
