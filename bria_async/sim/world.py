"""The state of the simulated server and the rules that keep it whole."""

import asyncio
import hashlib
import random
import uuid
from collections import UserDict
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import attrs
import cattrs

from bria_async.sim import captions
from bria_async.sim.answers import Refusal
from bria_async.sim.clock import Clock
from bria_async.sim.entities import Bulk, Dataset, Family, Image, Job, Model, Project, family_of
from bria_async.sim.options import Options
from bria_async.sim.pictures import Picture
from bria_async.sim.store import Blob, Blobs, Rows
from bria_async.sim.visual_entities import MediaUpload, Visual

_converter = cattrs.Converter(forbid_extra_keys=True)

_PAINTERS = 2

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Table(UserDict[_K, _V]):
    """Values by id that knows which of them changed since they were last written."""

    def __init__(self, kind: type[_V]) -> None:
        super().__init__()
        self.kind = kind
        self.changed: set[_K] = set()

    def __setitem__(self, key: _K, value: _V) -> None:
        super().__setitem__(key, value)
        self.changed.add(key)

    def __delitem__(self, key: _K) -> None:
        super().__delitem__(key)
        self.changed.add(key)


class Images(Table[int, Image]):
    """Images by id, and by dataset."""

    def __init__(self) -> None:
        super().__init__(Image)
        self._by_dataset: dict[int, dict[int, Image]] = {}

    def __setitem__(self, key: int, value: Image) -> None:
        super().__setitem__(key, value)
        self._by_dataset.setdefault(value.dataset_id, {})[key] = value

    def __delitem__(self, key: int) -> None:
        del self._by_dataset[self.data[key].dataset_id][key]
        super().__delitem__(key)

    def of(self, dataset_id: int) -> list[Image]:
        """The images of a dataset, in the order they came."""
        return list(self._by_dataset.get(dataset_id, {}).values())

    def count(self, dataset_id: int) -> int:
        """How many images a dataset has, those that a bulk upload still works on included."""
        return len(self._by_dataset.get(dataset_id, {}))


class World:
    """Everything the server knows; ids come from one counter, so no id is of two kinds."""

    def __init__(self, options: Options, clock: Clock, state: Path | None = None) -> None:
        self.options = options
        self.clock = clock
        self.projects = Table[int, Project](Project)
        self.datasets = Table[int, Dataset](Dataset)
        self.images = Images()
        self.models = Table[int, Model](Model)
        self.jobs = Table[str, Job](Job)
        self.bulks = Table[int, Bulk](Bulk)
        self.visuals = Table[str, Visual](Visual)
        self.uploads = Table[str, MediaUpload](MediaUpload)
        self.drawing = asyncio.Semaphore(_PAINTERS)
        """How many results are drawn at a time: each may hold several pictures of 25 megapixels."""
        self.files = Table[str, str](str)
        """Name of a hosted file -> sha256 of its bytes."""
        self.drawn = Table[str, str](str)
        """Job id and name of a result -> sha256 of its bytes, once somebody looked."""
        self.counts = Table[str, int](int)
        """Operation -> calls accepted."""
        self._tables: dict[str, Table[Any, Any]] = {
            "projects": self.projects,
            "datasets": self.datasets,
            "images": self.images,
            "models": self.models,
            "jobs": self.jobs,
            "bulks": self.bulks,
            "visuals": self.visuals,
            "uploads": self.uploads,
            "files": self.files,
            "drawn": self.drawn,
            "counts": self.counts,
        }
        self._last_id = 1000
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        self._rows = Rows(state / "world.sqlite") if state is not None else None
        self.blobs = Blobs(state / "blobs" if state is not None else None)
        if self._rows is not None:
            self._read(self._rows)

    def _read(self, rows: Rows) -> None:
        try:
            for kind, key, value in sorted(rows.read(), key=lambda row: (row[0], str(row[1]).zfill(40))):
                if kind == "meta":
                    self._last_id = value["last_id"]
                    self.clock.resume(value["now"])
                else:
                    self._tables[kind][key] = _converter.structure(value, self._tables[kind].kind)
        except (KeyError, cattrs.BaseValidationError):
            rows.close()
            raise OSError(f"{rows.path} holds {kind} that this version of the simulator does not know") from None
        for table in self._tables.values():
            table.changed.clear()

    def commit(self) -> None:
        """Write what changed, and the time."""
        changed = [(kind, key, table) for kind, table in self._tables.items() for key in table.changed]
        if self._rows:
            rows = [(kind, key, _converter.unstructure(table.get(key))) for kind, key, table in changed]
            self._rows.write([*rows, ("meta", "meta", {"last_id": self._last_id, "now": self.clock.now()})])
        for _, _, table in changed:
            table.changed.clear()

    def close(self) -> None:
        """Write, and let go of files."""
        self.commit()
        if self._rows:
            self._rows.close()
        self.blobs.close()

    def new_id(self) -> int:
        """The next id; ids are never used twice, deleted things included."""
        self._last_id += 1
        return self._last_id

    def random(self) -> random.Random:
        """Randomness from the seed and from how much was created, so that a restart repeats nothing."""
        return random.Random(f"{self.options.seed}/{self.new_id()}")

    def new_uuid(self) -> str:
        """A uuid from the seed."""
        return str(uuid.UUID(int=self.random().getrandbits(128), version=4))

    def accepted(self, operation: str) -> None:
        """Count an accepted call."""
        self.counts[operation] = self.counts.get(operation, 0) + 1

    # Families

    def family(self, dataset: Dataset) -> Family:
        """The family a dataset has, or is taken to have while nothing decided it.

        A 2024 dataset is legacy. Unknown for others: taken as FIBO, unless the generation served has none.
        """
        project = self.projects.get(dataset.project_id) if dataset.project_id is not None else None
        settled = dataset.family or (project.family if project else None)
        if settled:
            return settled
        return "legacy" if dataset.project_id is None or self.options.generation in {"A", "B", "C"} else "fibo"

    def decide(self, dataset: Dataset, family: Family | None) -> Dataset:
        """Settle the family of a dataset and of its project by a deciding act; a contradiction is a 400."""
        project = self.projects.get(dataset.project_id) if dataset.project_id is not None else None
        settled = dataset.family or (project.family if project else None)
        if family and settled and family != settled:
            raise Refusal(400, f"The dataset belongs to the {settled} family, which this {family} request contradicts")
        decided = attrs.evolve(dataset, family=settled or family)
        if project and not project.family and decided.family:
            self.projects[project.id] = attrs.evolve(project, family=decided.family)
        self.datasets[decided.id] = decided
        return decided

    def family_for_model(self, dataset: Dataset, training_version: str | None) -> Family | None:
        """The family of a new model: naming a version decides its dataset's, else the dataset's so far."""
        return self.decide(dataset, family_of(training_version)).family

    # Images

    def visible_images(self, dataset_id: int, now: float, *, lag: float = 0.0) -> list[Image]:
        """The images a look at the dataset shows; `lag` is how far the look is behind."""
        return [image for image in self.images.of(dataset_id) if image.created_at + lag <= now]

    def open_for_images(self, dataset: Dataset) -> None:
        """Refuse with 409 when the dataset takes no more images."""
        if dataset.status == "completed":
            raise Refusal(409, "Images cannot be added to a completed dataset")
        options = self.options
        limit = options.max_images if dataset.upload_type == "basic" else options.max_zip_images
        if self.images.count(dataset.id) >= limit:
            raise Refusal(409, f"The dataset is full: it holds {limit} images")

    def add_image(
        self,
        dataset: Dataset,
        blob: Blob,
        picture: Picture,
        *,
        name: str,
        at: float,
        source_url: str | None = None,
        caption: str | None = None,
    ) -> Image:
        """Put an image in a dataset; `caption` is one that came with it."""
        self.open_for_images(dataset)
        image_id = self.new_id()
        image = Image(
            id=image_id,
            dataset_id=dataset.id,
            sent_name=name,
            image_name=self._image_name(image_id, name, picture.format),
            upload_source_url=source_url,
            sha256=blob.sha256,
            size=blob.size,
            width=picture.width,
            height=picture.height,
            format=picture.format,
            look=picture.look,
            increased_resolution=min(picture.width, picture.height) < FULL_RESOLUTION,
            caption=caption,
            caption_source="manual" if caption else None,
            created_at=at,
        )
        never = random.Random(f"{self.options.seed}/caption/{image_id}").random() < self.options.missing_captions
        if caption is None and not never:
            image = self.automatic_caption(dataset, image, at)
        self.images[image.id] = image
        return image

    def automatic_caption(self, dataset: Dataset, image: Image, now: float) -> Image:
        """The image with a caption on its way; a FIBO dataset without a visual schema has none to give."""
        family = self.family(dataset)
        if family == "fibo" and dataset.visual_schema is None:
            return attrs.evolve(image, caption=None, caption_source=None, caption_due=None)
        text = captions.caption(image.look, family)
        due = now + self.options.caption_delay
        return attrs.evolve(image, caption=text, caption_source="automatic", caption_due=due)

    def _image_name(self, image_id: int, name: str, kind: str) -> str:
        if self.options.image_names == "prefix":
            return f"{image_id}_{name}"
        if self.options.image_names == "rewrite":
            unlike = hashlib.sha256(f"{self.options.seed}/{image_id}".encode()).hexdigest()[:20]
            return f"{unlike}.{kind.lower()}"
        return name

    def uncaptioned(self, dataset_id: int, now: float) -> tuple[int, ...]:
        """Ids of images without a caption by now."""
        return tuple(image.id for image in self.images.of(dataset_id) if not image.captioned(now))

    def models_of(self, *dataset_ids: int) -> Iterable[Model]:
        """The models made from any of these datasets."""
        return [model for model in self.models.values() if model.dataset_id in dataset_ids]

    def delete_dataset(self, dataset_id: int) -> None:
        """Forget a dataset and its images; the bytes stay, results may be drawn from them."""
        for image in self.images.of(dataset_id):
            del self.images[image.id]
        if dataset_id in self.bulks:
            del self.bulks[dataset_id]
        del self.datasets[dataset_id]


FULL_RESOLUTION = 1024
SMALLEST_RESOLUTION = 256
