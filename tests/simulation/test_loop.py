"""What would go on for ever in the real world is an error in a simulated one."""

import asyncio
import contextlib
import itertools

import pytest

from . import loop
from .loop import EndlessError, run_virtually


@pytest.mark.parametrize("swallows", [False, True])
def test_what_never_lets_time_pass_fails(swallows: bool) -> None:
    """A task that goes round and round at one moment is an error, even if it does not let itself be cancelled."""

    async def main() -> None:
        while True:
            with contextlib.suppress(*([asyncio.CancelledError] if swallows else [])):
                await asyncio.sleep(0)

    with pytest.raises(EndlessError, match=r"^10001 turns at one moment, 0 s after"):
        run_virtually(main)


def test_what_never_ends_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that lets time pass and still never ends is an error, and is cancelled like any other."""
    monkeypatch.setattr(loop, "IN_ALL", 1_000)
    ended: list[bool] = []

    async def main() -> None:
        try:
            for _ in itertools.count():
                await asyncio.sleep(1)
        finally:
            ended.append(True)

    with pytest.raises(EndlessError, match="1001 turns"):
        run_virtually(main)
    assert ended == [True], "it was not cancelled"


def test_busy_is_not_endless() -> None:
    """Many turns at one moment, and many moments, are no error."""

    async def main() -> float:
        for _ in range(200):
            await asyncio.sleep(1)
            for _ in range(200):
                await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtually(main) == 200
