"""What tests ask the simulator after a run: anything twice, anything lost, anything started too soon."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import attrs

from bria_async.sim.world import World


@attrs.frozen(kw_only=True)
class Audit:
    """The state of the server in the terms of effectively-once; all of it counts what is there now."""

    duplicates: dict[tuple[int, str], tuple[int, ...]]
    """(dataset id, sha256) of bytes that a dataset holds more than once -> ids of the images."""
    uploaded: frozenset[str]
    """sha256 of every uploaded image."""
    projects: Counter[str]
    """Projects by name."""
    datasets: Counter[str]
    """Datasets by name."""
    models: Counter[str]
    """Models by name."""
    trainings: Counter[int]
    """Trainings accepted by model id."""
    trainings_by_dataset: Counter[int]
    """Trainings accepted by dataset id: two models trained on one dataset were paid for twice."""
    trained_uncaptioned: dict[int, tuple[int, ...]]
    """Model id -> ids of images that had no caption when its training started."""
    accepted: Counter[str]
    """Accepted calls by operation, over the life of the state directory."""

    def lost(self, expected: Iterable[str]) -> frozenset[str]:
        """Those of the expected sha256 (a mapping's keys count) that no dataset holds."""
        return frozenset(expected) - self.uploaded

    def twice(self) -> list[str]:
        """A sentence for everything that is there or was started more than once; empty is good."""
        found = [f"images {ids} of dataset {at[0]} are the same bytes" for at, ids in self.duplicates.items()]
        for kind, counted in (
            ("projects", self.projects),
            ("datasets", self.datasets),
            ("models", self.models),
        ):
            found += [f"{number} {kind} are named {name!r}" for name, number in counted.items() if number > 1]
        found += [
            f"{number} trainings were started on dataset {dataset_id}"
            for dataset_id, number in self.trainings_by_dataset.items()
            if number > 1
        ]
        return found

    def __str__(self) -> str:
        findings = self.twice() + [
            f"model {model_id} was trained while images {ids} had no caption"
            for model_id, ids in self.trained_uncaptioned.items()
        ]
        held = (
            f"{self.projects.total()} projects, {self.datasets.total()} datasets, "
            f"{len(self.uploaded)} different images, {self.models.total()} models, "
            f"{self.trainings.total()} trainings"
        )
        return "\n".join([held, *(findings or ["nothing twice, nothing trained without captions"])])


def audit(world: World) -> Audit:
    """Look at everything the server holds now."""
    copies: dict[tuple[int, str], list[int]] = defaultdict(list)
    for image in world.images.values():
        copies[image.dataset_id, image.sha256].append(image.id)
    started = [model for model in world.models.values() if model.starts]
    by_dataset: Counter[int] = Counter()
    for model in started:
        if model.dataset_id is not None:
            by_dataset[model.dataset_id] += model.starts
    return Audit(
        duplicates={key: tuple(ids) for key, ids in copies.items() if len(ids) > 1},
        uploaded=frozenset(sha256 for _, sha256 in copies),
        projects=Counter(project.project_name for project in world.projects.values()),
        datasets=Counter(dataset.name for dataset in world.datasets.values()),
        models=Counter(model.name for model in world.models.values()),
        trainings=Counter({model.id: model.starts for model in started}),
        trainings_by_dataset=by_dataset,
        trained_uncaptioned={model.id: model.uncaptioned_images for model in started if model.uncaptioned_images},
        accepted=Counter(world.counts),
    )
