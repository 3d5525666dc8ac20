"""The page about the simulator tells all of it."""

from pathlib import Path

import attrs

from bria_async.sim import Fault, Options

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()


def test_every_option_and_fault_field_is_in_the_docs() -> None:
    """A new option has a row in the table."""
    names = {field.name for made in (Options, Fault) for field in attrs.fields(made)} - {"operation"}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
