"""What is seen at a glance is what a whole look would find: values that go as they are, arguments that fit."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bria_async.errors import InvalidParameter
from bria_async.session import FAMILIES
from bria_async.wire import Endpoint, Parameter
from bria_async.wire.arguments import binder

PARAMETERS = {
    f"{operation.operation} {parameter.name}": parameter
    for family in FAMILIES
    for operation in FAMILIES[family].endpoints.values()
    for parameter in operation.parameters
}
VALUES: tuple[Any, ...] = (
    *("", "x", "png", "https://example.com/a.png", "a/b.png", "data:image/png;base64,AAAA", "AAAA", "1:1", "ai"),
    *(True, False, 0, 1, -1, 4, 50, 51, 10**9, 0.0, 0.5, 1.5, 1e9, math.nan, math.inf),
)


def at_a_glance(parameter: Parameter, value: Any) -> bool:
    """What `Endpoint.call` asks before anything else."""
    fits = parameter.fits.get(type(value))
    return type(value) in parameter.good or (fits is not None and fits(value))


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_glance_lets_through_what_a_look_would(name: str) -> None:
    """Of each parameter: what goes as it is would be spelled the same, and nothing speaks against it."""
    parameter = PARAMETERS[name]
    for value in (*VALUES, *parameter.enum):
        if at_a_glance(parameter, value):
            assert parameter.problem(value) is None, f"{value!r} is let through"
            for keep in (True, False):
                spelled = parameter.spelled(value, keep)
                assert spelled is value or spelled == value, f"{value!r} would be sent as {spelled!r}"


def test_most_values_need_no_second_look() -> None:
    """The glance is not blind: it lets through the values that documentation lists, and texts, numbers and truths."""
    listed = [
        (each, value) for each in PARAMETERS.values() if str in each.kinds and not each.facts for value in each.enum
    ]
    assert listed
    assert all(at_a_glance(each, value) for each, value in listed)
    for name, value in {"prompt": "a cat", "steps_num": 50, "seed": 42, "ip_signal": True}.items():
        assert at_a_glance(PARAMETERS[f"generation.generate {name}"], value), name


async def some(self: Any, one: int, two: str = "2", *, three: float | None = None, four: bool = False) -> None:
    """A method of some family."""


async def free(self: Any, one: int, **fields: Any) -> None:
    """A method that takes any field."""


def outcome(bind: Callable[[], dict[str, Any]]) -> Any:
    """The values but for those that are None, or what was said against them."""
    try:
        return {name: value for name, value in bind().items() if value is not None}
    except TypeError as error:
        return str(error)


BINDERS = {method: binder(inspect.signature(method)) for method in (some, free)}
"""One for all examples: what was given in one way before is bound without a look."""
NAMES = st.sampled_from(["one", "two", "three", "four", "fields", "self", "other"])


@pytest.mark.parametrize("method", [some, free])
@given(args=st.lists(st.integers(), max_size=4), kwargs=st.dictionaries(NAMES, st.integers() | st.none()))
@example(args=[1], kwargs={"one": 1})
def test_arguments_are_bound_as_python_binds_them(method: Any, args: list[int], kwargs: dict[str, Any]) -> None:
    """The same values by name, but for defaults of None; the same refusals in the same words."""
    signature = inspect.signature(method)

    def by_python() -> dict[str, Any]:
        bound = signature.bind(None, *args, **kwargs)
        bound.apply_defaults()
        return {name: value for name, value in bound.arguments.items() if name != "self"}

    for _ in range(2):
        assert outcome(lambda: BINDERS[method](tuple(args), kwargs)) == outcome(by_python)


GENERATE = FAMILIES["generation"].endpoints["generate"]
GIVEN = st.dictionaries(
    st.sampled_from([each.name for each in GENERATE.parameters]), st.sampled_from([*VALUES, None]), max_size=4
)


def called(endpoint: Endpoint, values: dict[str, Any], strict: bool) -> Any:
    """The request of these values, or what was said against them."""
    try:
        call = endpoint.call(values, strict=strict)
    except InvalidParameter as error:
        return error.message
    return call.path, call.query, call.json


@given(values=GIVEN, strict=st.booleans())
@example(values={"steps_num": 50}, strict=True)
@example(values={"steps_num": 1000}, strict=True)
def test_what_was_seen_before_is_judged_as_it_was(values: dict[str, Any], strict: bool) -> None:
    """An endpoint that remembers the types of many calls makes the request that a new one makes, or refuses alike."""
    new = attrs.evolve(GENERATE)
    assert called(GENERATE, values, strict) == called(new, values, strict)
    assert called(GENERATE, values, strict) == called(new, values, strict)
