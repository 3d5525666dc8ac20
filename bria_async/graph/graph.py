"""Tasks and their edges: a parameter named after a task is an edge, other names are inputs of the run.

A graph is data. It is checked, names and annotations, before anything is sent; it can be drawn before it runs; and
its journal is keyed by names, so a run survives a release that reorders code.
"""

import functools
import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from bria_async.errors import GraphError

Function = Callable[..., Awaitable[Any]]

EFFECTS = ("safe", "findable", "cheap", "billed")
"""What a task may do to the world; `Task` says what each means."""
DOUBTS = "doubts"
"""In the signature of an `adopt`: the keys in doubt and their items (None for a task without items)."""
KNOWN = "known"
"""In the signature of an `adopt`: the results of the same task's keys that are done.

It returns those it still finds, too.
"""


@attrs.frozen
class Task:
    """A step: a coroutine function, what its effect is, and how doubt about it is resolved.

    `over` names the input it fans out over. `effect` is `safe`, `findable` (then `adopt` looks for what it made),
    `cheap` (sent once more after doubt) or `billed` (the user's policy decides).
    """

    name: str
    function: Function
    over: str | None = None
    effect: str = "safe"
    adopt: Function | None = None
    behind: tuple[str, ...] = ()
    """Tasks that come first although nothing of theirs is taken."""

    def after(self, *names: str) -> "Task":
        """The same task behind some more."""
        return attrs.evolve(self, behind=(*self.behind, *names))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the tasks and inputs it needs."""
        return names_of(self.function)

    @functools.cached_property
    def returns(self) -> Any:
        """The annotation of its result."""
        return typing.get_type_hints(self.function).get("return", Any)

    def __call__(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Call the function itself, outside of any run."""
        return self.function(*args, **kwargs)


@functools.cache
def names_of(function: Function) -> tuple[str, ...]:
    """The parameters of a task function or an adopt function."""
    return tuple(inspect.signature(function).parameters)


def task(*, name: str | None = None, effect: str = "safe", adopt: Function | None = None) -> Callable[[Function], Task]:
    """Declare a task that runs once."""

    def declare(function: Function) -> Task:
        return Task(name or function.__name__, function, None, effect, adopt)

    return declare


def each(
    over: str, *, name: str | None = None, effect: str = "safe", adopt: Function | None = None
) -> Callable[[Function], Task]:
    """Declare a task that runs once for each item of an input."""

    def declare(function: Function) -> Task:
        return Task(name or function.__name__, function, over, effect, adopt)

    return declare


@attrs.frozen
class Graph:
    """Named tasks; order is theirs to decide, by their edges."""

    name: str
    tasks: tuple[Task, ...]

    @functools.cached_property
    def by_name(self) -> Mapping[str, Task]:
        """The tasks by their names."""
        return {item.name: item for item in self.tasks}

    def edges(self, item: Task) -> tuple[Task, ...]:
        """The tasks whose results this one takes."""
        return tuple(self.by_name[name] for name in (*item.parameters, *item.behind) if name in self.by_name)

    def ancestors(self, item: Task) -> Iterator[Task]:
        """All tasks that this one needs, directly or not."""
        for edge in self.edges(item):
            yield edge
            yield from self.ancestors(edge)

    def order(self) -> tuple[Task, ...]:
        """The tasks, each after those it needs.

        Raises:
            GraphError: there is a cycle; the message names it.
        """
        done: dict[str, Task] = {}

        def visit(item: Task, path: tuple[str, ...]) -> None:
            if item.name in path:
                raise GraphError(f"{self.name}: tasks need each other: {' -> '.join((*path, item.name))}.")
            for edge in self.edges(item):
                if edge.name not in done:
                    visit(edge, (*path, item.name))
            done.setdefault(item.name, item)

        for item in self.tasks:
            visit(item, ())
        return tuple(done.values())

    def check(self, inputs: Mapping[str, Any], items: Iterable[str]) -> None:
        """Check names and annotations against the inputs of a run (name -> type) and its fan-outs.

        Raises:
            GraphError: a name stands for two things, a parameter has no source, an annotation does not fit, or an
                effect lacks its `adopt`.
        """
        fans = set(items)
        names = [*(item.name for item in self.tasks), *inputs, *fans]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise GraphError(f"{self.name}: {', '.join(doubled)} stands for more than one thing.")
        for item in self.order():
            where = f"{self.name}.{item.name}"
            if item.over is not None and item.over not in fans:
                raise GraphError(f"{where} fans out over {item.over!r}, which is no input with items.")
            if item.effect not in EFFECTS:
                raise GraphError(f"{where}: an effect is {', '.join(EFFECTS)}, and not {item.effect!r}.")
            if (item.effect == "findable") != (item.adopt is not None):
                raise GraphError(f"{where}: a findable effect, and only that, needs an adopt function.")
            its_item = {} if item.over is None else {item.over: Any}
            tasks = {edge.name: self._given(edge, item) for edge in self.tasks}
            _check_parameters(where, item.function, {**inputs, **its_item, **tasks})
            if item.adopt is not None:
                shared = {edge.name: self._given(edge, item) for edge in self.ancestors(item) if _is_shared(edge, item)}
                _check_parameters(f"{where}: adopt", item.adopt, {**inputs, DOUBTS: Any, KNOWN: Any, **shared})

    def _given(self, edge: Task, item: Task) -> Any:
        """The type of what a task gets from another: its result, or those of all its items by key."""
        gathered = edge.over is not None and _is_shared(edge, item)
        return types.GenericAlias(Mapping, (str, edge.returns)) if gathered else edge.returns

    def draw(self) -> str:
        """The graph as text, one line per task: `name[*] <- what it needs`."""
        return "\n".join(
            f"{item.name}{f'[{item.over}]' if item.over else ''} ({item.effect})"
            + (f" <- {', '.join(edge.name for edge in self.edges(item))}" if self.edges(item) else "")
            for item in self.order()
        )


def _is_shared(edge: Task, item: Task) -> bool:
    """Whether all items of a task get the same from another one."""
    return edge.over is None or edge.over != item.over


def _check_parameters(where: str, function: Function, sources: Mapping[str, Any]) -> None:
    hints = typing.get_type_hints(function)
    for name in names_of(function):
        if name not in sources:
            raise GraphError(f"{where} needs {name!r}: no task and no input that it could come from has that name.")
        given, wanted = sources[name], hints.get(name, Any)
        if not _fits(given, wanted):
            raise GraphError(f"{where} wants {name}: {_shown(wanted)}, and gets {_shown(given)}.")


def _fits(given: Any, wanted: Any) -> bool:
    if Any in (given, wanted) or given == wanted:
        return True
    if isinstance(given, type) and isinstance(wanted, type):
        return issubclass(given, wanted)
    return typing.get_origin(wanted) in (typing.Union, type(int | str)) and any(
        _fits(given, part) for part in typing.get_args(wanted)
    )


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
