"""How much of what a server allows a batch gets: the real client, the simulator's fixed minutes, a virtual clock."""

import asyncio
from collections import Counter
from typing import Any

import attrs
import pytest

from bria_async.errors import Attempt
from bria_async.sim import Options
from tests.simulation.loop import VirtualHost, run_virtually
from tests.simulation.world import connected, land

pytestmark = pytest.mark.exhaustive

PHASE = 37.3
"""Where in a minute of the server a batch begins."""


@attrs.define
class Batch:
    """What became of a batch: how long it took, and the answers in each minute of the server."""

    seconds: float = 0.0
    taken: Counter[int] = attrs.field(factory=Counter)
    refused: Counter[int] = attrs.field(factory=Counter)

    @property
    def throttled(self) -> float:
        """The share of answers that are a 429."""
        return self.refused.total() / (self.taken.total() + self.refused.total())


def batch(count: int, *, configured: float | None, **options: Any) -> Batch:
    """Make so many requests, all at once as far as their caller is concerned."""

    async def main() -> Batch:
        host, found = VirtualHost(1), Batch()

        def note(attempt: Attempt) -> None:
            (found.refused if attempt.status == 429 else found.taken)[int(host.monotonic() // 60)] += 1

        async with (
            land(1, Options(seed=1, **options)) as here,
            connected(
                host, here.connector(), here.connector(), requests_per_minute=configured, on_attempt=note
            ) as session,
        ):
            await host.sleep(PHASE)
            began = host.monotonic()
            await asyncio.gather(*(session.projects.list() for _ in range(count)))
            found.seconds = host.monotonic() - began
        return found

    result: Batch = run_virtually(main)
    return result


@pytest.mark.parametrize(("rate", "minutes"), [(60, 10), (600, 3), (6000, 1)])
def test_a_configured_rate_is_used(rate: int, minutes: int) -> None:
    """At least 97 % of what the server allows, and at most 1 % of 429s."""
    found = batch(rate * minutes, configured=rate, rate_limits=rate)
    share = rate * minutes / (rate * found.seconds / 60)
    assert share >= 0.97, f"{share:.4f} of the rate: {found}"
    assert found.throttled <= 0.01, f"{found.throttled:.4f} of the answers were 429: {found}"


@pytest.mark.parametrize(
    ("rate", "minutes", "retry_after"),
    [
        (10, 13, True),
        (10, 13, False),
        (60, 13, True),
        (60, 13, False),
        (600, 4, True),
        (600, 4, False),
        (6000, 2, True),
    ],
)
def test_an_unknown_rate_is_found(rate: int, minutes: int, *, retry_after: bool) -> None:
    """From the first whole minute on at least 85 % of what the server allows, with a look for more now and then."""
    found = batch(rate * minutes, configured=None, rate_limits=rate, retry_after=retry_after)
    settled = [found.taken[minute] / rate for minute in range(1, minutes)]
    assert all(share > 0.85 for share in settled), f"shares by the minute: {settled}"
    late = sum(found.refused[minute] for minute in range(1, minutes))
    assert late <= max(minutes / 2, 0.02 * rate * minutes), f"{late} answers were 429 later: {found}"
    assert found.refused[0] <= 130, f"many more were refused than leave at once: {found}"


def test_a_rate_that_was_configured_too_high_falls() -> None:
    """A plan of 60 a minute is found by whoever believes that he has 1000."""
    found = batch(60 * 6, configured=1000, rate_limits=60)
    settled = [found.taken[minute] / 60 for minute in range(2, 5)]
    assert all(share > 0.85 for share in settled), f"shares by the minute: {settled}"
    assert found.refused.total() < 20, f"refused: {found.refused}"
