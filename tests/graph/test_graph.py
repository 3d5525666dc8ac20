"""Graphs: their edges, their checks, their order."""

from collections.abc import Mapping

import pytest

from bria_async.errors import GraphError
from bria_async.graph.graph import Graph, Task, each, task
from tests.graph.toy import BOXES, Bench, Server, box, close, find_box, find_things, label, photo, put

INPUTS = {"server": Server}
FANS = ("thing", "prompt")


@task()
async def needs_a_typo(bax: str) -> str:
    """Names nothing."""
    return bax


@task()
async def wants_a_number(box: int) -> int:
    """Wants another type than it gets."""
    return box


@task()
async def wants_one(put: str) -> str:
    """Wants one result where all are gathered."""
    return put


@each("colour")
async def over_nothing(colour: str) -> str:
    """Fans out over what is no input."""
    return colour


@task(effect="findable")
async def unfindable(server: Server) -> str:
    """Makes something that nobody can find."""
    return await server.make("it")


@task(adopt=find_box)
async def finder(server: Server) -> str:
    """Has something to find and makes nothing."""
    return await server.answer("it")


@task(effect="findabel", adopt=find_box)
async def misspelt(server: Server) -> str:
    """Has an effect that does not exist."""
    return await server.make("it")


async def find_by_item(thing: str) -> dict[str, str]:
    """Wants an item, though it is asked for all at once."""
    return {thing: thing}


@each("thing", effect="findable", adopt=find_by_item)
async def looked_for_one_by_one(thing: str) -> str:
    """Has an adopt that cannot be called."""
    return thing


async def find_by_result(put: str) -> dict[str, str]:
    """Wants the result of one item, though it is asked for all at once."""
    return {put: put}


@each("thing", effect="findable", adopt=find_by_result)
async def looked_for_by_result(put: str) -> str:
    """Has an adopt that cannot be called."""
    return put


async def find_too_early(close: int) -> dict[str, str]:
    """Wants a result that is not there when it looks."""
    return {"": str(close)}


@task(effect="findable", adopt=find_too_early)
async def looked_for_too_early(server: Server) -> str:
    """Has an adopt that needs more than the task."""
    return await server.make("it")


@task(name="server")
async def double(box: str) -> str:
    """Is called like an input."""
    return box


@task()
async def chicken(egg: str) -> str:
    """Needs the egg."""
    return egg


@task()
async def egg(hen: str) -> str:
    """Needs the hen."""
    return hen


@task()
async def hen(chicken: str) -> str:
    """Needs the chicken."""
    return chicken


WRONG = [
    ((box, needs_a_typo), "g.needs_a_typo needs 'bax': no task and no input that it could come from has that name."),
    ((box, wants_a_number), "g.wants_a_number wants box: int, and gets str."),
    ((box, put, wants_one), "g.wants_one wants put: str, and gets collections.abc.Mapping[str, str]."),
    ((over_nothing,), "g.over_nothing fans out over 'colour', which is no input with items."),
    ((unfindable,), "g.unfindable: a findable effect, and only that, needs an adopt function."),
    ((finder,), "g.finder: a findable effect, and only that, needs an adopt function."),
    ((misspelt,), "g.misspelt: an effect is safe, findable, cheap, billed, and not 'findabel'."),
    (
        (looked_for_one_by_one,),
        "g.looked_for_one_by_one: adopt needs 'thing': no task and no input that it could come from has that name.",
    ),
    (
        (box, put, looked_for_by_result),
        "g.looked_for_by_result: adopt needs 'put': no task and no input that it could come from has that name.",
    ),
    (
        (*BOXES.tasks, looked_for_too_early),
        "g.looked_for_too_early: adopt needs 'close': no task and no input that it could come from has that name.",
    ),
    ((box, box), "g: box stands for more than one thing."),
    ((box, double), "g: server stands for more than one thing."),
    ((chicken, egg, hen), "g: tasks need each other: chicken -> egg -> hen -> chicken."),
]


@pytest.mark.parametrize(("tasks", "sentence"), WRONG, ids=lambda value: value[-1].name if value[0] != "g" else None)
def test_a_wrong_graph_is_refused_with_a_sentence(tasks: tuple[Task, ...], sentence: str) -> None:
    """Names, annotations, effects and cycles are checked as one thing."""
    with pytest.raises(GraphError) as caught:
        Graph("g", tasks).check(INPUTS, FANS)
    assert str(caught.value) == sentence


async def test_a_wrong_graph_sends_nothing(bench: Bench) -> None:
    """The check comes before the first request."""
    bench.graph = Graph("g", (box, put, wants_one))
    await bench.paused(GraphError)
    assert bench.server.requests == []


def test_edges_are_parameter_names() -> None:
    """A parameter named after a task is an edge; inputs and items are none."""
    assert [edge.name for edge in BOXES.edges(close)] == ["box", "put"]
    assert [edge.name for edge in BOXES.edges(put)] == ["box"]


def test_a_graph_in_any_order_runs_in_the_order_of_its_edges() -> None:
    """The order of declaration does not matter."""
    assert [item.name for item in Graph("g", (close, put, box)).order()] == ["box", "put", "close"]
    assert [item.name for item in BOXES.order()] == ["box", "put", "close"]


def test_ancestors_are_needed_directly_or_not() -> None:
    """All that a task needs, and not itself."""
    chain = Graph("g", (box, put, label, photo))
    assert {item.name for item in chain.ancestors(photo)} == {"label", "put", "box"}


def test_a_graph_can_be_drawn_before_it_runs() -> None:
    """One line per task, with its fan-out, its effect and what it needs."""
    assert BOXES.draw() == "box (findable)\nput[thing] (findable) <- box\nclose (safe) <- box, put"


def test_annotations_fit_as_types_do() -> None:
    """A subclass, a part of a union and Any fit; the gathered results of a fan-out are a mapping."""

    @task()
    async def number() -> bool:
        return True

    @task()
    async def fits(number: int | None, put: Mapping[str, str]) -> None:
        return None

    @task()
    async def anything(number, fits: None) -> None:  # noqa: ANN001  # the point
        return None

    Graph("g", (number, box, put, fits, anything)).check(INPUTS, FANS)


async def test_a_task_can_be_called_outside_of_any_run() -> None:
    """A declared function is still a function."""
    server = Server()
    assert await put(server, "id of box", "a thing") == "id of a thing"
    assert server.made == ["a thing"]
    assert await find_things(server, "id of box", {"k": "a thing"}, {}) == {"k": "id of a thing"}
