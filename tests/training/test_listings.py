"""One listing for all who ask for the same at about the same time, and never one that is older than the question."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest

from bria_async.errors import Forbidden
from bria_async.session import Session
from bria_async.training.listings import listed
from tests.support import TOKEN, PushedHost

ASKING = 50


@attrs.define
class Shelf:
    """Something that is listed: a listing shows what was there when it began."""

    session: Session
    things: list[int] = attrs.field(factory=list)
    listings: int = 0
    go_on: asyncio.Event = attrs.field(factory=asyncio.Event)
    error: Exception | None = None

    async def listing(self) -> tuple[int, ...]:
        """List it, once it may go on."""
        self.listings += 1
        shown = tuple(self.things)
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return shown

    async def ask(self, age: float = 0.0) -> bool:
        """Whether a listing shows what was put there before it was asked for."""
        mine = len(self.things)
        self.things.append(mine)
        return mine in await listed(self.session, "things", self.listing, age)

    def asking(self, count: int) -> "list[asyncio.Task[bool]]":
        """So many ask, one after the other."""
        return [asyncio.get_running_loop().create_task(self.ask()) for _ in range(count)]


@pytest.fixture
def host() -> PushedHost:
    """A host on a clock of its own."""
    return PushedHost()


@pytest.fixture
async def shelf(host: PushedHost) -> AsyncIterator[Shelf]:
    """One of a session that is not used."""
    async with Session(TOKEN, host=host) as session:
        yield Shelf(session)


async def test_a_listing_serves_whoever_takes_one_of_its_age(shelf: Shelf, host: PushedHost) -> None:
    """However many ask for one that is not older than so much; the next one is not served with an older one."""
    shelf.go_on.set()
    assert await shelf.ask()
    host.time += 10
    assert not await shelf.ask(age=11)
    assert shelf.listings == 1
    assert await shelf.ask(age=10)
    assert shelf.listings == 2
    assert await listed(shelf.session, "other things", shelf.listing, 10)
    assert shelf.listings == 3


async def test_it_is_as_old_as_when_it_began(shelf: Shelf, host: PushedHost) -> None:
    """What was put there while it was under way may not be in it."""
    asking = shelf.asking(3)
    await asyncio.sleep(0)
    host.time += 10
    late = shelf.asking(3)
    await asyncio.sleep(0)
    host.time += 10
    shelf.go_on.set()
    assert all(await asyncio.gather(*asking, *late))
    assert shelf.listings == 2


async def test_a_listing_that_fails_fails_for_all_who_wait(shelf: Shelf) -> None:
    """Each would wait for its retries in turn; whoever asks later tries anew."""
    shelf.error = Forbidden("no", "models.list")
    asking = shelf.asking(ASKING)
    await asyncio.sleep(0)
    shelf.go_on.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert {str(error) for error in found} == {str(shelf.error)}
    assert shelf.listings == 1
    shelf.error = None
    assert await shelf.ask()


async def test_a_listing_that_is_not_waited_for_is_none(shelf: Shelf, host: PushedHost) -> None:
    """Whoever waits for the one who lists goes on without him."""
    first, *others = shelf.asking(5)
    await asyncio.sleep(0)
    first.cancel()
    host.time += 1
    shelf.go_on.set()
    assert all(await asyncio.gather(*others))
    assert shelf.listings == 2
