"""Models: creating, training and fetching them."""

from typing import Annotated

from bria_async import wire
from bria_async.types.common import Id, LrScheduler, TrainingMode
from bria_async.types.models import Checkpoint, Checkpoints, Model, ModelDownload

from .projects import TrainingVersion


class Models(wire.Family):
    """Tailored models, each trained on one dataset."""

    @wire.get("/v1/tailored-gen/models")
    async def list(self, *, include_training_parameters: bool | None = None) -> tuple[Model, ...]:
        """All models of the organisation; the API has no paging here, and takes seconds for many (public
        pages).

        Args:
            include_training_parameters: fill `Model.training_parameters`; the server's default is false.

        Statuses: 401, 403, 429, 500. Source: all seeds, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/models", effect="findable", look="models.list, by its name")
    async def create(
        self,
        *,
        name: str | None = None,
        dataset_id: Id | None = None,
        training_mode: TrainingMode | None = None,
        description: str | None = None,
        training_version: TrainingVersion | None = None,
    ) -> Model:
        """Create a model on a dataset; it is trained by `start_training`. `name` and `dataset_id` are needed.

        Args:
            name: its name; whether names must be unique is unknown.
            dataset_id: the dataset; whether a draft is accepted is unknown (in 2024 it was), so complete it
                first.
            training_mode: `fully_automated`, or `expert` to choose the parameters in `start_training`; the
                server's default is `fully_automated`.
            description: free text.
            training_version: the base model, of the dataset's family (SEED 000, SEED 001, SEED 002; absent
                from the published spec of 2026).

        Statuses: 400, 401, 403, 404 (no such dataset), 429, 500. Source: all seeds, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/models/upload_model", effect="findable", look="models.list, by its name")
    async def upload(
        self, *, name: str | None = None, project_id: Id | None = None, model_url: str | None = None
    ) -> Model:
        """Bring in a model that was trained elsewhere; its status is `syncing` until it is completed.

        The contract is uncertain: it is known from older public pages and public clients only.

        Args:
            name: its name.
            project_id: the project it belongs to.
            model_url: where the server fetches the `.safetensors` file, up to 3 GB.

        Statuses: 400, 401, 403, 429, 500. Source: public pages.
        """
        ...

    @wire.get("/v1/tailored-gen/models/{model_id}")
    async def get(self, model_id: Id) -> Model:
        """One model: the way to follow a training.

        Statuses: 401, 403, 404, 429, 500. Source: all seeds, published spec.
        """
        ...

    @wire.put("/v1/tailored-gen/models/{model_id}")
    async def update(self, model_id: Id, *, name: str | None = None, description: str | None = None) -> Model:
        """Change the texts of a model; what is not given stays.

        Statuses: 401, 403, 404, 429, 500. Source: published spec.
        """
        ...

    @wire.delete("/v1/tailored-gen/models/{model_id}")
    async def delete(self, model_id: Id) -> None:
        """Delete a model.

        Statuses: 401, 403, 404, 409 (in training), 429, 500. Source: SEED 003, SEED 004, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/models/{model_id}/checkpoints")
    async def list_checkpoints(self, model_id: Id) -> Checkpoints:
        """The checkpoints of a completed model.

        Statuses: 400 (not completed), 404. Source: published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/models/{model_id}/checkpoints/{checkpoint_step}")
    async def get_checkpoint(self, model_id: Id, checkpoint_step: int) -> Checkpoint:
        """One checkpoint, by its step.

        Statuses: 400 (model not completed), 404. Source: published spec.
        """
        ...

    @wire.delete("/v1/tailored-gen/models/{model_id}/checkpoints/{checkpoint_step}")
    async def delete_checkpoint(self, model_id: Id, checkpoint_step: int) -> None:
        """Delete one checkpoint, by its step.

        Statuses: 400 (model not completed, or the checkpoint generates), 404. Source: published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/models/{model_id}/download")
    async def download(self, model_id: Id) -> ModelDownload:
        """The address of a model's weights; `Session.download` fetches it.

        Statuses: 400, 401, 403, 404, 500. Source: published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/models/{model_id}/start_training", effect="findable", look="models.get, by its status")
    async def start_training(
        self,
        model_id: Id,
        *,
        lr_scheduler: LrScheduler | None = None,
        learning_rate: Annotated[float, wire.Range(1e-6, 1e-3)] | None = None,
        total_training_steps: Annotated[int, wire.Range(1, 5000)] | None = None,
        rank: Annotated[int, wire.Range(4, 256)] | None = None,
        checkpoint_interval: Annotated[int, wire.Range(100)] | None = None,
        lr_warmup_steps: Annotated[int, wire.Range(0, 1000)] | None = None,
    ) -> Model:
        """Start the training of a model, which takes 1 to 6 hours and is charged; `Model.status` shows that
        it runs.

        The parameters are for models with `training_mode="expert"` and refused (400) for others. Defaults are
        the server's, as its documentation states them.

        Args:
            model_id: the model.
            lr_scheduler: default `constant_with_warmup`, for legacy families `constant`.
            learning_rate: 1e-6 to 1e-3, default 1e-4.
            total_training_steps: 1 to 5000, default 750, for legacy families 1500.
            rank: 4 to 256, default 128.
            checkpoint_interval: steps between checkpoints, at least 100, default 500.
            lr_warmup_steps: 0 to 1000, default 100; only with `constant_with_warmup`.

        Statuses: 400, 401, 403, 404, 409 (started or stopped before), 412 (dataset not completed), 429, 500.
        Source: all seeds, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/models/{model_id}/stop_training", effect="safe")
    async def stop_training(self, model_id: Id) -> None:
        """Stop the training of a model for good: a stopped model cannot be started again.

        What the answer holds is documented nowhere, so it is not read: `get` tells the status.

        Statuses: 401, 403, 404, 409 (not in training), 429, 500. Source: all seeds, published spec.
        """
        ...
