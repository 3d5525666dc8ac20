"""Declarations beyond plain parameters: keywords of the library, free fields, arrays, objects, inheritance."""

import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

import pytest

from bria_async import wire
from bria_async.errors import InvalidParameter
from bria_async.wire import Call, Polling
from tests.wire.echo import Echo, Waited

THREADS: list[str] = []


def spread(toppings: str) -> Mapping[str, Any]:
    """The parameters that toppings stand for."""
    THREADS.append(threading.current_thread().name)
    if toppings == "soap":
        raise ValueError("soap is not a topping")
    first, *rest = toppings.split("+")
    return {"sauce": first, "cheese": rest[0] if rest else None}


class Slice(TypedDict):
    """A piece."""

    angle: int


Wait = Annotated[bool | Polling, wire.Own()]


class Cutting(wire.Family):
    """Operations that a family may inherit."""

    @wire.post("/v1/pizzas/{pizza_id}/cut", effect="cheap")
    async def cut(
        self,
        pizza_id: int,
        *,
        slices: Annotated[Sequence[Slice], wire.Items(2, None)] | None = None,
        first: Slice | None = None,
        notes: Mapping[str, Any] | None = None,
        sizes: Sequence[int] | None = None,
        shares: Annotated[Sequence[float], wire.Items(None, 2)] | None = None,
        places: Sequence[Literal["left", "right"]] | None = None,
    ) -> Any:
        """Cut it."""


class Pizzas(Cutting):
    """A family that the API does not have."""

    @wire.post("/v1/pizzas", effect="billed", marks={208: "known"})
    async def bake(
        self,
        *,
        sauce: str | None = None,
        cheese: str | None = None,
        toppings: Annotated[str, wire.Own(spread)] | None = None,
        wait: Wait = False,
    ) -> Any:
        """Bake one."""

    @wire.post("/v1/pizzas/{pizza_id}/surprise", effect="billed")
    async def surprise(self, pizza_id: int, **fields: Any) -> Any:
        """Announced without a contract."""


class Tarts(Cutting):
    """Another family that inherits the same."""


async def cut(**values: Any) -> Any:
    """The body of `cut` with these values."""
    call = await Pizzas(Echo()).cut(1, **values)
    assert isinstance(call, Call)
    return call.json


# --- keywords of the library ------------------------------------------------------------------------------------------


def test_keywords_of_the_library_are_no_parameters() -> None:
    """Neither the contract nor the command line takes them for something the API knows."""
    bake = Pizzas.endpoints["bake"]
    assert [parameter.name for parameter in bake.parameters] == ["sauce", "cheese"]
    assert set(bake.own) == {"toppings", "wait"}
    assert bake.marks == {208: "known"}


async def test_a_keyword_stands_for_parameters() -> None:
    """Its value is made parameters of in a worker thread, because that may read files; None among them is not sent."""
    THREADS.clear()
    for toppings in ("pesto+brie", "pesto", ""):
        call = await Pizzas(Echo()).bake(toppings=toppings)
        assert isinstance(call, Call)
        assert call.json == dict(zip(("sauce", "cheese"), toppings.split("+"), strict=False))
    assert threading.main_thread().name not in THREADS


async def test_a_keyword_that_is_not_given_stands_for_nothing() -> None:
    """Without it the parameters themselves are sent."""
    THREADS.clear()
    call = await Pizzas(Echo()).bake(sauce="pesto")
    assert isinstance(call, Call)
    assert (call.json, THREADS) == ({"sauce": "pesto"}, [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"toppings": "pesto", "sauce": "oil"}, "sauce is given twice"),
        ({"toppings": "pesto", "cheese": "brie"}, "cheese is given twice"),
        ({"toppings": "pesto", "sauce": "oil", "cheese": "brie"}, "sauce, cheese is given twice"),
        ({"toppings": "soap"}, "soap is not a topping"),
    ],
)
async def test_a_keyword_that_cannot_be_used_is_told(given: Any, words: str) -> None:
    """Beside a parameter that it stands for, or when its value is not one."""
    with pytest.raises(InvalidParameter) as caught:
        await Pizzas(Echo()).bake(**given)
    assert str(caught.value).startswith(f"pizzas.bake: {words}.")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("wait", "polling"), [(True, None), (Polling(timeout=5), Polling(timeout=5))])
async def test_a_call_is_waited_for_when_asked(wait: Any, polling: Polling | None) -> None:
    """The client finishes it, with the intervals that were given; without the keyword it sends it."""
    answer = await Pizzas(Echo()).bake(sauce="oil", wait=wait)
    assert isinstance(answer, Waited)
    assert (answer.polling, answer.call.json) == (polling, {"sauce": "oil"})
    assert isinstance(await Pizzas(Echo()).bake(sauce="oil", wait=False), Call)
    assert isinstance(await Pizzas(Echo()).bake(sauce="oil"), Call)


# --- free fields ------------------------------------------------------------------------------------------------------


async def test_free_fields_are_sent_as_they_are_given() -> None:
    """Whatever their names and types; those of the path keep their place."""
    fields = {"a": [1, {"b": None}], "none": None, "fields": 1, "wait": True, "sync": "yes"}
    call = await Pizzas(Echo()).surprise(7, **fields)
    assert isinstance(call, Call)
    assert (call.path, call.json) == ("/v1/pizzas/7/surprise", fields)
    assert Pizzas.endpoints["surprise"].free
    assert not Pizzas.endpoints["bake"].free


def test_other_operations_have_no_free_fields() -> None:
    """A mistyped name in a convenience of this library does not reach the server."""
    with pytest.raises(TypeError, match="crust"):
        Pizzas.endpoints["bake"].call({"crust": "thin"})


async def test_no_free_fields_are_an_empty_object() -> None:
    """A POST of free JSON has a body in any case."""
    call = await Pizzas(Echo()).surprise(7)
    assert isinstance(call, Call)
    assert call.json == {}


# --- arrays and objects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"slices": [{"angle": 1}, {"angle": 2}, {"angle": 3}]},
        {"first": {"angle": 1}},
        {"notes": {"any": ["thing"]}},
        {"sizes": [1, 2]},
        {"sizes": []},
        {"shares": [1, 0.5]},
        {"places": ["left", "right", "left"]},
    ],
)
async def test_arrays_and_objects_are_sent_as_they_are(given: Any) -> None:
    """Items and objects within what is documented, with either end of a count open."""
    assert await cut(**given) == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"slices": [{"angle": 1}]}, "slices must hold at least 2 items, got 1"),
        ({"slices": [{"angle": 1}, 5]}, "slices[1] must be Mapping, got int"),
        ({"slices": {"angle": 1}}, "slices must be list, got dict"),
        ({"first": [1]}, "first must be Mapping, got list"),
        ({"notes": "none"}, "notes must be Mapping, got str"),
        ({"sizes": ["1"]}, "sizes[0] must be int, got str"),
        ({"sizes": [True]}, "sizes[0] must be int, got bool"),
        ({"sizes": [1, 1.5]}, "sizes[1] must be int, got float"),
        ({"shares": [1, 2, 3]}, "shares must hold 0 to 2 items, got 3"),
        ({"places": ["left", "top"]}, "places[1] must be one of 'left', 'right', got 'top'"),
        ({"places": "left"}, "places must be list, got str"),
    ],
)
async def test_arrays_and_objects_are_checked(given: Any, words: str) -> None:
    """Each item by its type and its enum, which are told with its number, and how many there are."""
    with pytest.raises(InvalidParameter) as caught:
        await cut(**given)
    assert str(caught.value).startswith(f"pizzas.cut: {words}.")


@pytest.mark.parametrize(
    ("items", "count", "fits"),
    [
        (wire.Items(), 0, True),
        (wire.Items(1), 0, False),
        (wire.Items(1), 1, True),
        (wire.Items(1), 99, True),
        (wire.Items(None, 2), 0, True),
        (wire.Items(None, 2), 2, True),
        (wire.Items(None, 2), 3, False),
        (wire.Items(2, 2), 1, False),
    ],
)
def test_counts_may_be_open_at_either_end(items: wire.Items, count: int, fits: bool) -> None:
    """Both ends are included, and None is no end."""
    assert (items.problem(["x"] * count) is None) is fits
    assert items.problem("no array") is None


# --- inheritance ------------------------------------------------------------------------------------------------------


async def test_a_family_inherits_endpoints() -> None:
    """They are the heir's operations, first those of its bases; the base and other heirs keep their own."""
    assert list(Pizzas.endpoints) == ["cut", "bake", "surprise"]
    for family in (Pizzas, Tarts, Cutting):
        name = f"{family.__name__.lower()}.cut"
        assert family.endpoints["cut"].operation == name
        call = await family(Echo()).cut(1)
        assert isinstance(call, Call)
        assert call.operation == name
