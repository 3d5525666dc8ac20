"""Fixtures of the simulator's own tests."""

from collections.abc import AsyncIterator

import pytest

from tests.sim.helpers import Api, running


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A caller of a simulator with default options."""
    async with running() as caller:
        yield caller
