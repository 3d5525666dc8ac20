"""Adding an operation takes one method: everything else sees it, and parity asks for the evidence."""

import inspect
from collections.abc import Callable
from typing import Annotated

import attrs
import pytest
from click.testing import CliRunner

from bria_async import wire
from bria_async.cli.app import app
from bria_async.errors import InvalidParameter
from bria_async.session import FAMILIES, Session
from bria_async.types.common import Value
from tests import test_docs, test_parity
from tests.support import TOKEN, Recorder


@attrs.frozen(kw_only=True)
class Kettle(Value):
    """An answer that the API does not give."""

    degrees: int | None = None


class Kettles(wire.Family):
    """A family that the API does not have."""

    @wire.post("/v2/kettles/{kettle_id}/boil", effect="billed")
    async def boil(  # type: ignore[empty-body]  # a declaration, as in `api`, where mypy is told
        self, kettle_id: str, *, degrees: Annotated[int, wire.Range(0, 100)], song: str | None = None
    ) -> Kettle:
        """Boil water. Billed: never sent again unasked.

        Args:
            kettle_id: the kettle.
            degrees: 0 to 100.
            song: what it whistles.

        Statuses: 418. Source: published spec.
        """


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library with one more operation."""
    monkeypatch.setitem(FAMILIES, "kettles", Kettles)


async def test_the_session_has_it(server: Recorder) -> None:
    """It is called, checked, sent and read like any other."""
    server.answers({"degrees": 90})
    async with Session(TOKEN, server.base_url) as bria:
        kettles: Kettles = getattr(bria, Kettles.__name__.lower())
        assert await kettles.boil("k/1", degrees=90) == Kettle(degrees=90)
        with pytest.raises(InvalidParameter, match=r"kettles\.boil: degrees must be at most 100"):
            await kettles.boil("k/1", degrees=101)
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.json) == ("POST", "/v2/kettles/k%2F1/boil", {"degrees": 90})
    assert inspect.iscoroutinefunction(Kettles.boil)


def test_the_command_line_has_it() -> None:
    """`call --list` shows it with its parameters, and `call` reads their values."""
    runner = CliRunner()
    listed = runner.invoke(app, ["call", "--list", "kettles"])
    assert listed.output.splitlines() == [
        "kettles.boil  POST /v2/kettles/{kettle_id}/boil  (billed)",
        "  kettle_id: str",
        "  degrees: int 0..100",
        "  song?: str",
    ]
    refused = runner.invoke(app, ["call", "kettles.boil", "kettle_id=1", "degrees=hot"])
    assert (refused.exit_code, "degrees takes a whole number" in refused.output) == (2, True), refused.output


def test_the_docs_have_it() -> None:
    """Its row and its family are in what is written to the pages."""
    row = "| `kettles.boil` | `POST /v2/kettles/{kettle_id}/boil` | billed | **kettle_id**, **degrees**, song |"
    assert row in test_docs.operations()
    assert "## kettles\n\nA family that the API does not have.\n" in test_docs.operations()
    assert (
        "| [`kettles`](docs/operations.md#kettles) | 1 | A family that the API does not have. |" in test_docs.families()
    )


@pytest.mark.parametrize("listed", [test_parity.agreed, test_parity.served, test_parity.recorded])
def test_parity_asks_for_the_evidence(listed: Callable[[], test_parity.Requests]) -> None:
    """Contract, simulator and recorded replies lack it, so the lists do not agree; `call` has it already."""
    assert "kettles.boil" in test_parity.declared()
    assert "kettles.boil" not in listed()
    assert "kettles.boil" in test_parity.callable_by_name()
    with pytest.raises(AssertionError, match=r"kettles\.boil"):
        test_parity.test_every_list_holds_what_is_declared(listed)
