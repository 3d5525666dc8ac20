"""The same for many, so many at once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from bria_async.engines.turns import Turns

T = TypeVar("T")
R = TypeVar("R")


async def several(items: Sequence[T], work: Callable[[T], Awaitable[R]], at_once: int = 16) -> list[R]:
    """Do it for each of these; the first error ends them all, and is raised as it is."""
    turns, found = Turns(at_once), dict[int, R]()
    problems: list[Exception] = []

    async def one(number: int) -> None:
        async with turns.turn(""):
            try:
                found[number] = await work(items[number])
            except Exception as error:  # noqa: BLE001  # whatever it is, it is raised in the end
                problems.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for number in range(len(items)):
            group.start_soon(one, number)
    if problems:
        raise problems[0]
    return [found[number] for number in range(len(items))]
