"""Datasets: the images of a training, and how they are described."""

from typing import Annotated, Literal

from bria_async import wire
from bria_async.types.common import Id, UploadType, UseCase
from bria_async.types.datasets import Dataset, DatasetDownload

from .projects import TrainingVersion


class Datasets(wire.Family):
    """Datasets: drafts to fill with images, and completed ones to train on."""

    @wire.get("/v1/tailored-gen/datasets")
    async def list(self) -> tuple[Dataset, ...]:
        """All datasets of the organisation, without their images; the API has no paging here.

        Statuses: 401, 403, 429, 500. Source: all seeds, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/datasets", effect="findable", look="datasets.list, by its name")
    async def create(
        self,
        *,
        project_id: Id | None = None,
        name: str | None = None,
        upload_type: UploadType | None = None,
        training_version: TrainingVersion | None = None,
        use_case: UseCase | None = None,
        style_description: str | None = None,
    ) -> Dataset:
        """Create a dataset, which is a draft: of a project, or of the organisation as in 2024.

        Args:
            project_id: the project; with it, `name` is needed in practice.
            name: its name; whether names must be unique is unknown.
            upload_type: `basic` takes up to 200 images one by one, `advanced` one zip; the server's default
                is `basic`.
            training_version: decides the family of a project that has none yet (SEED 001; absent from the
                published spec of 2026).
            use_case: 2024: what the dataset is for, instead of a project (SEED 003, SEED 004).
            style_description: 2024: the visual style in words (SEED 003, SEED 004).

        Statuses: 400, 401, 403, 404 (no such project), 429, 500. Source: all seeds, published spec.
        """
        ...

    @wire.get("/v1/tailored-gen/datasets/{dataset_id}")
    async def get(self, dataset_id: Id, *, max_images: Annotated[int, wire.Range(1, 200)] | None = None) -> Dataset:
        """One dataset with its images.

        Args:
            dataset_id: the dataset.
            max_images: 1 to 200, the server's default is 200; cuts `Dataset.images`, not
                `Dataset.images_count`.

        Statuses: 400, 401, 403, 404, 429, 500. Source: SEED 002, SEED 003, SEED 004, published spec.
        """
        ...

    @wire.put("/v1/tailored-gen/datasets/{dataset_id}")
    async def update(
        self,
        dataset_id: Id,
        *,
        name: str | None = None,
        visual_schema: str | None = None,
        status: Literal["draft", "completed"] | None = None,
        caption_prefix: str | None = None,
        use_case: UseCase | None = None,
        style_description: str | None = None,
    ) -> Dataset:
        """Change a dataset, or complete it; what is not given stays.

        Args:
            dataset_id: the dataset.
            name: the only field that may change once the dataset is completed.
            visual_schema: FIBO: JSON encoded as a text, see `tailored.generate_visual_schema`.
            status: `completed` freezes images, captions, prefix and schema, and needs at least 1 image
                (legacy, SEED 002) or 5 (FIBO, published spec). Back to `draft` is refused once a model was
                trained on it (SEED 003): use `clone`. Completing twice is unknown.
            caption_prefix: legacy: put before every caption; regenerate the captions afterwards (SEED 002).
            use_case: 2024 (SEED 003, SEED 004).
            style_description: 2024 (SEED 003, SEED 004).

        Statuses: 400, 401, 403, 404, 409 (frozen, or too few images), 429, 500.
        Source: SEED 000, SEED 002, SEED 003, SEED 004, published spec.
        """
        ...

    @wire.delete("/v1/tailored-gen/datasets/{dataset_id}")
    async def delete(self, dataset_id: Id) -> None:
        """Delete a dataset.

        Statuses: 401, 403, 404, 409 (a model in training uses it; in 2024 also a finished one), 429, 500.
        Source: SEED 003, SEED 004, published spec.
        """
        ...

    @wire.post("/v1/tailored-gen/datasets/{dataset_id}/clone", effect="findable", look="datasets.list, by its name")
    async def clone(self, dataset_id: Id, *, name: str | None = None, description: str | None = None) -> Dataset:
        """Copy a dataset, its images and captions into a new draft.

        Args:
            dataset_id: the dataset to copy.
            name: the name of the copy.
            description: free text.

        Statuses: 401, 403, 404, 429, 500. Source: SEED 000, SEED 001, SEED 002, published spec.
        """
        ...

    @wire.get("/v1/datasets/{dataset_id}/download")
    async def download(self, dataset_id: Id) -> DatasetDownload:
        """Addresses of a dataset's files; `Session.download` fetches them.

        Statuses: 401, 403, 404, 409, 500. Source: published spec.
        """
        ...
