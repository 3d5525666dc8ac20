"""A caller of a simulator with default options, over plain HTTP."""

from tests.sim.conftest import api

__all__ = ["api"]
