"""How an operation is declared: verb, path and name on a decorator, its input in the handler's signature."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

import attrs

from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Dataset, Image, Model, Project
from bria_async.sim.options import Options
from bria_async.sim.parsing import number
from bria_async.sim.store import Blob
from bria_async.sim.visual_entities import Visual
from bria_async.sim.world import World

_Value = TypeVar("_Value")

Handler = Callable[..., Awaitable[Answer]]


@attrs.frozen
class Upload:
    """A file part of a multipart body, already at rest; `name` is the part's own file name."""

    name: str
    blob: Blob


@attrs.frozen
class Nothing:
    """The input of an operation without parameters beyond its path."""


@attrs.frozen
class Anything:
    """The input of an operation that was announced without a contract: any JSON object."""

    fields: Mapping[str, Any]


@attrs.frozen
class Operation:
    """One operation as data. `takes` declares its query (GET, DELETE) or body (the others)."""

    name: str
    method: str
    path: str
    handler: Handler
    takes: type[attrs.AttrsInstance] = Nothing
    also: tuple[str, ...] = ()
    """Other paths that the documents write for it."""
    generations: str = "ABCDE"
    """The generations of the documentation that know it."""
    answers: tuple[str, ...] = ()
    """The documented statuses, `5XX` among them; empty where none are documented."""
    bare: tuple[str, ...] = ()
    """Those of them whose body is a JSON string."""

    def documented(self, status: int) -> bool:
        """Whether the documents list this very status."""
        return str(status) in self.answers

    @property
    def v2(self) -> bool:
        """Whether it is one of the newer endpoints, with their own shape of errors."""
        return self.path.startswith("/v2/")


class Routes:
    """The operations of one family, in the order they are declared."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def get(
        self, path: str, name: str, *, answers: str = "", generations: str = "ABCDE"
    ) -> Callable[[Handler], Handler]:
        """Declare a GET; `answers` are its documented statuses, separated by blanks."""
        return self._declare("GET", path, name, answers=answers, generations=generations)

    def delete(
        self, path: str, name: str, *, answers: str = "", generations: str = "ABCDE"
    ) -> Callable[[Handler], Handler]:
        """Declare a DELETE."""
        return self._declare("DELETE", path, name, answers=answers, generations=generations)

    def post(
        self,
        path: str,
        name: str,
        *,
        answers: str = "",
        bare: str = "",
        also: tuple[str, ...] = (),
        generations: str = "ABCDE",
    ) -> Callable[[Handler], Handler]:
        """Declare a POST; the bodies of the statuses in `bare` are JSON strings."""
        return self._declare("POST", path, name, answers=answers, bare=bare, also=also, generations=generations)

    def put(
        self, path: str, name: str, *, answers: str = "", also: tuple[str, ...] = (), generations: str = "ABCDE"
    ) -> Callable[[Handler], Handler]:
        """Declare a PUT."""
        return self._declare("PUT", path, name, answers=answers, also=also, generations=generations)

    def _declare(
        self,
        method: str,
        path: str,
        name: str,
        *,
        answers: str,
        generations: str,
        bare: str = "",
        also: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            takes = [parameter.annotation for parameter in signature(handler).parameters.values()][1:]
            self.operations.append(
                Operation(
                    name=name,
                    method=method,
                    path=path,
                    handler=handler,
                    takes=takes[0] if takes else Nothing,
                    also=also,
                    generations=generations,
                    answers=tuple(answers.split()),
                    bare=tuple(bare.split()),
                )
            )
            return handler

        return declare


@attrs.frozen
class Call:
    """One call of an operation, as its handler sees it."""

    world: World
    path: Mapping[str, str]
    """Parameters of the path, as text."""
    origin: str
    """Scheme and host that the caller used, for URLs in answers."""
    now: float
    token: str = attrs.field(default="", repr=False)
    """The caller's token, for signing webhooks; never kept beyond them."""
    operation: Operation = attrs.field(kw_only=True)
    """What is called."""

    @property
    def options(self) -> Options:
        """The options of the simulator."""
        return self.world.options

    def url(self, path: str) -> str:
        """An absolute URL of the simulator's own."""
        return f"{self.origin}{path}"

    def project(self) -> Project:
        """The project that the path names."""
        return self._find(self.world.projects, self.path["project_id"], "Project")

    def dataset(self) -> Dataset:
        """The dataset that the path names."""
        return self._find(self.world.datasets, self.path["dataset_id"], "Dataset")

    def model(self) -> Model:
        """The model that the path names."""
        return self._find(self.world.models, self.path["model_id"], "Model")

    def image(self) -> Image:
        """The image that the path names, in the dataset that it names."""
        dataset = self.dataset()
        image = self._find(self.world.images, self.path["image_id"], "Image")
        if image.dataset_id != dataset.id or image.created_at > self.now:
            raise Refusal(404, "Image with the specified ID does not exist.")
        return image

    def visual(self) -> Visual:
        """The visual that the path names."""
        found = self.world.visuals.get(self.path["visual_id"])
        if found is None:
            raise Refusal(404, "Specified Image does not exist.")
        return found

    @staticmethod
    def _find(table: Mapping[int, _Value], given: str, kind: str) -> _Value:
        try:
            return table[number(given)]
        except KeyError:
            raise Refusal(404, f"{kind} with the specified ID does not exist.") from None
