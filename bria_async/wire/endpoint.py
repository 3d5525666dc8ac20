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
from bria_async.types.common import is_address
from bria_async.types.facts import Image, Older, Own

from .arguments import MOST_WAYS, binder
from .call import Call, Client, form_text
from .parameter import Fits, Parameter
from .polling import Polling

F = TypeVar("F", bound=Callable[..., Any])
WAIT = "wait"
"""The keyword of this library that asks to return only when the job is over."""
FREE = "fields"
"""The `**fields` of an operation without a contract."""


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

    `own` are keywords of this library beside those of the API; `free` says that any further field is sent as it
    is given. A `form` is sent urlencoded, or as multipart with its file. `marks` are success statuses that say
    more than that it worked, and the attribute of the answer that each sets. `fallback` is a second path to try
    when the first answers 404; `look` says which operation shows what a findable one has done, and by what; `words`
    are limits on word counts that the docs state and their own examples break: a warning, never an error.
    """

    operation: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    answer: Any
    effect: Effect
    doc: str
    own: Mapping[str, Own] = attrs.field(factory=dict)
    free: bool = False
    form: bool = False
    marks: Mapping[int, str] = attrs.field(factory=dict)
    fallback: str | None = None
    look: str = ""
    words: Mapping[str, int] = attrs.field(factory=dict)
    by_name: Mapping[str, Parameter] = attrs.field(init=False, repr=False, eq=False)
    pairs: tuple[tuple[Parameter, Image | Older], ...] = attrs.field(init=False, repr=False, eq=False)
    has_body: bool = attrs.field(init=False, repr=False, eq=False)
    """Whether it sends a body."""
    waits: bool = attrs.field(init=False, repr=False, eq=False)
    """Whether it can be asked to return only when its job is over."""
    expands: bool = attrs.field(init=False, repr=False, eq=False)
    """Whether keywords of this library stand for parameters."""
    _good: frozenset[tuple[str, type]] = attrs.field(init=False, repr=False, eq=False)
    """Names, and types of which all values go as they are."""
    _fits: Mapping[tuple[str, type], Fits] = attrs.field(init=False, repr=False, eq=False)
    """Likewise those of which some do, and what tells which."""
    _seen: dict[tuple[Any, ...], tuple[tuple[str, Fits], ...]] = attrs.field(init=False, repr=False, eq=False)
    """Names and types of values that went as they are, and those of which it depends on the value."""
    _paired_names: frozenset[str] = attrs.field(init=False, repr=False, eq=False)
    _path_names: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)
    _query_names: tuple[str, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Sort what every call asks for."""
        pairs = [
            (parameter, fact)
            for parameter in self.parameters
            for fact in parameter.facts
            if isinstance(fact, Older) or (isinstance(fact, Image) and isinstance(fact.address, str))
        ]
        known = {
            "by_name": {parameter.name: parameter for parameter in self.parameters},
            "pairs": tuple(pairs),
            "has_body": self.free or any(each.place == "body" for each in self.parameters),
            "waits": WAIT in self.own,
            "expands": self.free or any(own.expand for own in self.own.values()),
            "_good": frozenset((each.name, kind) for each in self.parameters for kind in each.good),
            "_fits": {(each.name, kind): fits for each in self.parameters for kind, fits in each.fits.items()},
            "_seen": {},
            "_paired_names": frozenset(parameter.name for parameter, _ in pairs),
            "_path_names": tuple(each.name for each in self.parameters if each.place == "path"),
            "_query_names": tuple(each.name for each in self.parameters if each.place == "query"),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def call(self, values: Mapping[str, Any], *, strict: bool = True, keep_data_uri: bool = False) -> Call:
        """Make the request of these values; None is not sent.

        Raises:
            InvalidParameter: a value is outside what the documentation allows (only when strict).
        """
        if not self._paired_names.isdisjoint(values):
            values = self._paired(values, strict)
        sent = dict(values)
        # Values of types that were good before: those are looked at of which that depends, and no others.
        doubtful = self._seen.get((*sent, *map(type, sent.values())))
        if doubtful is None or not all([fits(sent[name]) for name, fits in doubtful]):  # noqa: C419  # a list is faster
            sent = self._looked_at(values, strict, keep_data_uri)
        path, fallback = self.path, self.fallback
        if self._path_names:
            in_path = {name: self._segment(name, sent.pop(name, None)) for name in self._path_names}
            path, fallback = path.format_map(in_path), fallback and fallback.format_map(in_path)
        query = {name: form_text(sent.pop(name)) for name in self._query_names if name in sent}
        if self.words:
            self._count_words(sent)
        json, form = (None, sent) if self.form else (sent if self.has_body else None, None)
        return Call(self, path, query, json, form, fallback=fallback)

    def _looked_at(self, values: Mapping[str, Any], strict: bool, keep_data_uri: bool) -> dict[str, Any]:
        """The values as they are sent; when all go as they are, their types are remembered."""
        sent, doubtful, good = dict(values), [], True
        for name, value in values.items():
            glance = (name, type(value))
            fits = self._fits.get(glance)
            if fits is not None:
                doubtful.append((name, fits))
            if glance in self._good or (fits is not None and fits(value)):
                continue
            good = False
            if value is None and name in self.by_name:
                del sent[name]
            else:
                sent[name] = self._spelled(name, value, strict, keep_data_uri)
        if good and len(self._seen) < MOST_WAYS:
            self._seen[(*values, *map(type, values.values()))] = tuple(doubtful)
        return sent

    def _spelled(self, name: str, value: Any, strict: bool, keep_data_uri: bool) -> Any:
        """A value as it is sent."""
        if name not in self.by_name:
            if self.free:
                return value
            raise TypeError(f"{self.operation} takes no {name}")
        parameter = self.by_name[name]
        value = parameter.spelled(value, keep_data_uri)
        if strict and (problem := parameter.problem(value)):
            raise InvalidParameter(problem, self.operation)
        return value

    def _segment(self, name: str, value: Any) -> str:
        """A value as one segment of the path."""
        if type(value) is int:
            return str(value)
        segment = quote(str(value), safe="", errors="replace")
        if segment in ("", ".", "..", "None"):
            raise InvalidParameter(f"{name} must not be {value!r}", self.operation)
        return segment

    @property
    def safe(self) -> bool:
        """Whether a repeated call does no harm."""
        return self.effect is Effect.SAFE

    def _paired(self, values: Mapping[str, Any], strict: bool) -> dict[str, Any]:
        """The values with each address under the name that takes it, and (when strict) nothing under two names.

        Of files and addresses in one array the server would drop one kind: there is a parameter for each, and one of
        them counts (SEED 000, SEED 004, published spec).
        """
        moved = dict(values)
        for parameter, fact in self.pairs:
            name, older = parameter.name, isinstance(fact, Older)
            other = fact.newer if isinstance(fact, Older) else cast("str", fact.address)
            if (given := moved.get(name)) is None:
                continue
            moving, staying = (given, None) if older else _addresses(given)
            twice = moving is not None and moved.get(other) is not None
            if strict and twice:
                raise InvalidParameter(f"{name} and {other} say the same: give one of them", self.operation)
            if strict and moving is not None and staying is not None:
                problem = f"{name} holds files and addresses, which cannot be given together: give one or the other"
                raise InvalidParameter(problem, self.operation)
            if moving is not None and not older and not twice:
                many = list in self.by_name[other].kinds and not isinstance(moving, list)
                moved |= {name: staying, other: [moving] if many else moving}
        return moved

    def _count_words(self, body: Mapping[str, Any]) -> None:
        for name, limit in self.words.items():
            if isinstance(text := body.get(name), str) and len(text.split()) > limit:
                warnings.warn(
                    f"{self.operation}: {name} has {len(text.split())} words, documented are up to {limit}",
                    stacklevel=4,
                )


def _addresses(given: Any) -> tuple[Any, Any]:
    """The addresses of what was given for an image or images, and the rest; None for nothing."""
    if not isinstance(given, list | tuple):
        return (given, None) if is_address(given) else (None, given)
    addresses = [item for item in given if is_address(item)]
    return addresses or None, [item for item in given if not is_address(item)] or None


class Family:
    """A family of operations; subclasses declare one coroutine method per operation."""

    endpoints: ClassVar[dict[str, Endpoint]] = {}

    def __init__(self, client: Client) -> None:
        self._client = client

    def __init_subclass__(cls) -> None:
        """Name the declared endpoints after the family and collect them."""
        family = cls.__name__.lower()
        cls.endpoints = {}
        for name, member in [item for kind in reversed(cls.__mro__) for item in vars(kind).items()]:
            if isinstance(declared := getattr(member, "endpoint", None), Endpoint):
                cls.endpoints[name] = attrs.evolve(declared, operation=f"{family}.{name}")


def _declare(method: str, path: str, effect: Effect | str, facts: dict[str, Any]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        declared = _read(function, method, path, Effect(effect), dict(facts))
        name, bind = function.__name__, binder(inspect.signature(function))

        @functools.wraps(function)
        async def method_of_family(self: Family, *args: Any, **kwargs: Any) -> Any:
            client, endpoint, values = self._client, self.endpoints[name], bind(args, kwargs)
            wait = values.pop(WAIT, False) if endpoint.waits else False
            if endpoint.expands:
                await _expand(client, endpoint, values)
            call = endpoint.call(values, strict=client.strict, keep_data_uri=client.keep_data_uri)
            if wait is False or wait is None:
                return await client.send(call)
            if wait is not True and not isinstance(wait, Polling):
                raise InvalidParameter(f"wait must be True, False or a Polling, got {wait!r}", endpoint.operation)
            return await client.finish(call, wait if isinstance(wait, Polling) else None)

        method_of_family.endpoint = declared  # type: ignore[attr-defined]  # functions take attributes
        return cast("F", method_of_family)

    return decorate


def _read(function: Callable[..., Any], method: str, path: str, effect: Effect, facts: dict[str, Any]) -> Endpoint:
    """The declaration that a signature is."""
    in_path = set(re.findall(r"{(\w+)}", path))
    in_query = set(facts.pop("query", ()))
    hints = typing.get_type_hints(function, include_extras=True)

    def place(name: str) -> Literal["path", "query", "body"]:
        if name in in_path:
            return "path"
        return "query" if method in ("GET", "DELETE") or name in in_query else "body"

    parameters, own, free = [], {}, False
    for item in list(inspect.signature(function).parameters.values())[1:]:
        required = item.default is inspect.Parameter.empty
        default = None if required else item.default
        where = place(item.name)
        parameter = Parameter.of(item.name, hints[item.name], required=required, default=default, place=where)
        if item.kind is inspect.Parameter.VAR_KEYWORD:
            free = True
        elif keyword := parameter.fact(Own):
            own[item.name] = keyword
        else:
            parameters.append(parameter)
    if missing := in_path - {parameter.name for parameter in parameters}:
        raise TypeError(f"{function.__qualname__}: the path names {missing}, the signature does not")
    return Endpoint(
        operation=function.__name__,
        method=method,
        path=path,
        parameters=tuple(parameters),
        own=own,
        free=free,
        answer=hints["return"],
        effect=effect,
        doc=inspect.getdoc(function) or "",
        **facts,
    )


async def _expand(client: Client, endpoint: Endpoint, values: dict[str, Any]) -> None:
    """Put parameters in place of the keywords that stand for them."""
    if endpoint.free:
        values |= values.pop(FREE)
    for name, own in endpoint.own.items():
        if own.expand and (given := values.pop(name, None)) is not None:
            values |= await client.host.in_thread(_expanded, endpoint, own.expand, given, values)


def _expanded(
    endpoint: Endpoint, expand: Callable[[Any], Mapping[str, Any]], given: Any, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The parameters that a keyword of this library stands for."""
    try:
        found = expand(given)
    except ValueError as error:
        raise InvalidParameter(str(error), endpoint.operation) from None
    if twice := [name for name in found if values.get(name) is not None]:
        raise InvalidParameter(f"{', '.join(twice)} is given twice", endpoint.operation)
    return found


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
