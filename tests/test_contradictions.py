"""Every contradiction of the API's documents has a rule, and every rule a test on each side of the wire.

The tests stand in `contradictions/` and carry the number of their row in the contract's table: `test_c07_client_...`
and `test_c07_simulator_...`.
"""

import re

import pytest

from tests.support import HERE

ROWS = range(1, 37)


def covered(side: str) -> set[int]:
    """The rows that have a test for this side."""
    sources = [file.read_text() for file in (HERE / "contradictions").glob("test_*.py")]
    return {
        int(row) for text in sources for row in re.findall(rf"^(?:async )?def test_c(\d\d)_{side}_", text, re.MULTILINE)
    }


@pytest.mark.parametrize("side", ["client", "simulator"])
def test_every_contradiction_has_a_test(side: str) -> None:
    """All 36 rows, none invented."""
    assert covered(side) == set(ROWS), sorted(covered(side) ^ set(ROWS))
