"""The table of faults: complete, and made from the tests as they are."""

import subprocess
import sys

import pytest

from .rows import INVARIANTS, ROWS


@pytest.mark.exhaustive
def test_every_fault_has_a_test_and_the_table_names_it() -> None:
    """`tests/faults.md` is what the marks of all tests say, and no row is without one."""
    command = [sys.executable, "-m", "tests.faults", "--check"]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_rows_are_all_there() -> None:
    """23 of networks, 8 of processes, 5 of disks, 10 of files, 2 of browsers, each with invariants that exist."""
    counts = {"N": 23, "P": 8, "D": 5, "F": 10, "S": 2}
    expected = [f"{kind}{number}" for kind, count in counts.items() for number in range(1, count + 1)]
    assert list(ROWS) == expected
    assert all(row.invariants and set(row.invariants) <= INVARIANTS.keys() for row in ROWS.values())
