"""Declared endpoints: the signature is the declaration.

An endpoint is one typed `async def` whose body is `...`. The decorator reads its signature once: names in
braces in the path are path parameters, the rest is the query of a GET or DELETE and the JSON body of the
others; the return annotation is the answer. What is neither Python nor path rides on the decorator.
"""

import enum
import functools
import inspect
import re
import typing
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast
from urllib.parse import quote

import attrs

from bria_async.errors import InvalidParameter

from .call import Call, Client, form_text
from .parameter import Parameter

F = TypeVar("F", bound=Callable[..., Any])


class Effect(enum.StrEnum):
    """What a repeated call would do, hence what may be done when its outcome is unknown."""

    SAFE = "safe"
    """Repeat freely: it reads, or sets a state."""
    FINDABLE = "findable"
    """It creates something that a listing shows: look before sending again."""
    CHEAP = "cheap"
    """A small cost and nothing to find: sent once more after doubt, and reported as perhaps charged."""
    BILLED = "billed"
    """It costs and leaves nothing to find: only the user decides to send it again."""


@attrs.frozen
class Endpoint:
    """A declared operation: all that the session, the command line, the docs and the limits know of it.

    `fallback` is a second path to try when the first answers 404; `words` are limits on word counts that the
    docs state and their own examples break: a warning, never an error.
    """

    operation: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    answer: Any
    effect: Effect
    doc: str
    fallback: str | None = None
    words: Mapping[str, int] = attrs.field(factory=dict)
    by_name: Mapping[str, Parameter] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Index the parameters."""
        object.__setattr__(self, "by_name", {parameter.name: parameter for parameter in self.parameters})

    def call(self, values: Mapping[str, Any], *, strict: bool = True, keep_data_uri: bool = False) -> Call:
        """Make the request of these values; None is not sent.

        Raises:
            InvalidParameter: a value is outside what the documentation allows (only when strict).
        """
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
        for name, value in values.items():
            parameter = self.by_name[name]
            if value is None and parameter.place != "path":
                continue
            spelled = parameter.spelled(value, keep_data_uri)
            if strict and (problem := parameter.problem(spelled)):
                raise InvalidParameter(problem, self.operation)
            places[parameter.place][name] = spelled
        self._count_words(places["body"])
        return Call(
            endpoint=self,
            path=self.fill(self.path, places["path"]),
            query={name: form_text(value) for name, value in places["query"].items()},
            json=places["body"] if self.has_body else None,
            fallback=self.fill(self.fallback, places["path"]) if self.fallback else None,
        )

    def fill(self, path: str, values: Mapping[str, Any]) -> str:
        """The path with its parameters in place, each quoted as one segment."""
        for name, value in values.items():
            segment = quote(str(value), safe="")
            if segment in ("", ".", "..", "None"):
                raise InvalidParameter(f"{name} must not be {value!r}", self.operation)
            path = path.replace(f"{{{name}}}", segment)
        return path

    @property
    def safe(self) -> bool:
        """Whether a repeated call does no harm."""
        return self.effect is Effect.SAFE

    @property
    def has_body(self) -> bool:
        """Whether the operation sends a JSON body when it has anything to say."""
        return any(parameter.place == "body" for parameter in self.parameters)

    def _count_words(self, body: Mapping[str, Any]) -> None:
        for name, limit in self.words.items():
            if isinstance(text := body.get(name), str) and len(text.split()) > limit:
                warnings.warn(
                    f"{self.operation}: {name} has {len(text.split())} words, documented are up to {limit}",
                    stacklevel=4,
                )


class Family:
    """A family of operations; subclasses declare one coroutine method per operation."""

    endpoints: ClassVar[dict[str, Endpoint]] = {}

    def __init__(self, client: Client) -> None:
        self._client = client

    def __init_subclass__(cls) -> None:
        """Name the declared endpoints after the family and collect them."""
        family = cls.__name__.lower()
        cls.endpoints = {}
        for name, member in vars(cls).items():
            if isinstance(declared := getattr(member, "endpoint", None), Endpoint):
                cls.endpoints[name] = member.endpoint = attrs.evolve(declared, operation=f"{family}.{name}")


def _declare(method: str, path: str, effect: Effect | str, facts: dict[str, Any]) -> Callable[[F], F]:
    in_path = set(re.findall(r"{(\w+)}", path))
    query = set(facts.pop("query", ()))

    def place(name: str) -> Literal["path", "query", "body"]:
        if name in in_path:
            return "path"
        return "query" if method in ("GET", "DELETE") or name in query else "body"

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = [item for item in signature.parameters.values() if item.name != "self"]
        declared = Endpoint(
            operation=function.__name__,
            method=method,
            path=path,
            parameters=tuple(Parameter.of(item, hints[item.name], place(item.name)) for item in parameters),
            answer=hints["return"],
            effect=Effect(effect),
            doc=inspect.getdoc(function) or "",
            **facts,
        )
        if missing := in_path - {item.name for item in parameters}:
            raise TypeError(f"{function.__qualname__}: the path names {missing}, the signature does not")

        @functools.wraps(function)
        async def method_of_family(self: Family, *args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            values = dict(bound.arguments)
            del values["self"]
            client = self._client
            endpoint: Endpoint = method_of_family.endpoint  # type: ignore[attr-defined]  # set below
            call = endpoint.call(values, strict=client.strict, keep_data_uri=client.keep_data_uri)
            return await client.send(call)

        method_of_family.endpoint = declared  # type: ignore[attr-defined]  # functions take attributes
        return cast("F", method_of_family)

    return decorate


def get(path: str, **facts: Any) -> Callable[[F], F]:
    """Declare a GET; it is safe."""
    return _declare("GET", path, Effect.SAFE, facts)


def put(path: str, **facts: Any) -> Callable[[F], F]:
    """Declare a PUT; it sets a state, so it is safe."""
    return _declare("PUT", path, Effect.SAFE, facts)


def delete(path: str, **facts: Any) -> Callable[[F], F]:
    """Declare a DELETE; it is safe."""
    return _declare("DELETE", path, Effect.SAFE, facts)


def post(path: str, *, effect: Effect | str, **facts: Any) -> Callable[[F], F]:
    """Declare a POST, whose effect must be said: `safe`, `findable`, `cheap` or `billed`."""
    return _declare("POST", path, effect, facts)
