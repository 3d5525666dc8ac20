"""Declarations read from signatures, with families made up here."""

import inspect
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from bria_async import wire
from bria_async.errors import InvalidParameter
from bria_async.wire import Call, File, FilePart
from tests.wire.echo import Echo


class Kettles(wire.Family):
    """A family that the API does not have."""

    @wire.get("/v1/kettles")
    async def list(self, *, hot: bool | None = None, page: int | None = None) -> Any:
        """All kettles."""

    @wire.post(
        "/v1/kettles/{kettle_id}/boil/{round}",
        effect="billed",
        query=("dry_run",),
        fallback="/v1/kettles/{kettle_id}/heat/{round}",
        words={"song": 3},
    )
    async def boil(
        self,
        kettle_id: int | str,
        round: int,  # noqa: A002  # named like a builtin on purpose
        *,
        degrees: Annotated[float, wire.Range(0, 100)],
        steps: Annotated[int, wire.Range(1)] | None = None,
        mode: Annotated[Literal["calm", "wild"], wire.Alias("quiet", "calm")] | None = None,
        version: Annotated[str, wire.Documented(("one", "two"))] | None = None,
        leaves: Annotated[Sequence[str], wire.Items(2, 3), wire.Image(address=False)] | None = None,
        label: Annotated[str, wire.Image(address=False)] | None = None,
        owner: Annotated[int | str, wire.AsText()] | None = None,
        song: str | None = None,
        dry_run: bool | None = None,
        sync: bool = False,
    ) -> Any:
        """Boil water.

        Source: nowhere.
        """

    @wire.delete("/v1/kettles/{kettle_id}")
    async def delete(self, kettle_id: int | str, *, force: bool | None = None) -> None:
        """Away with it."""

    @wire.put("/v1/kettles/{kettle_id}")
    async def update(self, kettle_id: int | str, *, name: str | None = None) -> Any:
        """Rename it."""


async def boil(*, strict: bool = True, keep_data_uri: bool = False, **values: Any) -> Call:
    """The call of `boil` with these values."""
    kettles = Kettles(Echo(strict=strict, keep_data_uri=keep_data_uri))
    values = {"kettle_id": 7, "round": 1, "degrees": 50, **values}
    call: Call = await kettles.boil(values.pop("kettle_id"), values.pop("round"), **values)
    return call


def test_declared_methods_are_coroutine_functions_with_their_signature() -> None:
    """`create_task` takes them, and editors show what was written."""
    assert inspect.iscoroutinefunction(Kettles.boil)
    assert list(inspect.signature(Kettles.boil).parameters)[:4] == ["self", "kettle_id", "round", "degrees"]
    assert inspect.getdoc(Kettles.boil) == Kettles.endpoints["boil"].doc


def test_a_family_collects_its_endpoints() -> None:
    """Operations are named after the class, with verb, path, answer, effect and documentation."""
    assert set(Kettles.endpoints) == {"list", "boil", "delete", "update"}
    found = Kettles.endpoints["boil"]
    assert (found.operation, found.method) == ("kettles.boil", "POST")
    assert found.effect is wire.Effect.BILLED
    assert found.doc.startswith("Boil water.")
    effects = {name: found.effect for name, found in Kettles.endpoints.items() if name != "boil"}
    assert set(effects.values()) == {wire.Effect.SAFE}


def test_families_do_not_share_endpoints() -> None:
    """A second family leaves the first alone."""

    class Cups(wire.Family):
        """Another."""

        @wire.get("/v1/cups")
        async def list(self) -> Any:
            """All cups."""

    assert set(Cups.endpoints) == {"list"}
    assert Kettles.endpoints["list"].path == "/v1/kettles"


def test_parameters_know_their_place() -> None:
    """Braces are path, `query` and the queries of GET and DELETE are query, the rest is body."""
    places = {parameter.name: parameter.place for parameter in Kettles.endpoints["boil"].parameters}
    assert (places["kettle_id"], places["dry_run"], places["degrees"]) == ("path", "query", "body")
    assert Kettles.endpoints["delete"].by_name["force"].place == "query"
    assert Kettles.endpoints["update"].by_name["name"].place == "body"


def test_parameters_know_what_is_documented() -> None:
    """Required or not, enum, types: the command line reads them here."""
    by_name = Kettles.endpoints["boil"].by_name
    assert by_name["degrees"].required
    assert by_name["degrees"].kinds == (float,)
    assert by_name["mode"].enum == ("calm", "wild")
    assert by_name["leaves"].kinds == (list,)
    assert by_name["sync"].default is False
    assert by_name["version"].facts == (wire.Documented(("one", "two")),)


def test_a_path_that_names_what_the_signature_lacks_is_a_mistake() -> None:
    """It is found when the class is made, not when it is called."""
    with pytest.raises(TypeError, match="cup_id"):

        @wire.get("/v1/cups/{cup_id}")
        async def get(self: wire.Family) -> None:
            """One cup."""


def test_a_post_must_say_its_effect() -> None:
    """An effect that does not exist is a mistake."""
    with pytest.raises(ValueError, match="harmless"):
        wire.post("/v1/cups", effect="harmless")(Kettles.update)


async def test_what_is_given_is_sent_and_nothing_else() -> None:
    """None is not sent, `sync` always is, and every value goes to its place."""
    call = await boil(degrees=50, mode="wild", dry_run=True)
    assert call.path == "/v1/kettles/7/boil/1"
    assert call.fallback == "/v1/kettles/7/heat/1"
    assert call.query == {"dry_run": "true"}
    assert call.json == {"degrees": 50, "mode": "wild", "sync": False}
    assert call.operation == "kettles.boil"


async def test_calls_without_a_body_have_none() -> None:
    """A GET sends its booleans and numbers as the texts of JSON in the query."""
    call = await Kettles(Echo()).list(hot=False, page=2)
    assert isinstance(call, Call)
    assert call.json is None
    assert call.query == {"hot": "false", "page": "2"}


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"mode": "quiet"}, {"mode": "calm"}),
        ({"owner": 12}, {"owner": "12"}),
        ({"owner": "a-12"}, {"owner": "a-12"}),
        ({"leaves": ("QQ==", "data:image/png;base64,Qg==")}, {"leaves": ["QQ==", "Qg=="]}),
        ({"label": "data:image/svg+xml;base64,QQ=="}, {"label": "QQ=="}),
        ({"version": "three"}, {"version": "three"}),
        ({"degrees": 0}, {"degrees": 0}),
        ({"degrees": 100}, {"degrees": 100}),
    ],
)
async def test_values_are_spelled_as_the_api_wants_them(values: Any, sent: Any) -> None:
    """Aliases, ids, arrays and data headers are brought into the API's form; the ends of a range are in it."""
    call = await boil(**values)
    assert call.json is not None
    assert {name: call.json[name] for name in sent} == sent


async def test_data_headers_are_kept_on_request() -> None:
    """A session may send them, for a server that wants them."""
    call = await boil(label="data:image/png;base64,QQ==", keep_data_uri=True)
    assert call.json is not None
    assert call.json["label"] == "data:image/png;base64,QQ=="


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"degrees": 100.5}, "degrees must be at most 100, got 100.5"),
        ({"degrees": -1}, "degrees must be at least 0, got -1"),
        ({"degrees": math.nan}, "degrees must be at least 0, got nan"),
        ({"degrees": "50"}, "degrees must be float, got str"),
        ({"degrees": True}, "degrees must be float, got bool"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": 1.5}, "steps must be int, got float"),
        ({"mode": "loud"}, "mode must be one of 'calm', 'wild', got 'loud'"),
        ({"leaves": ["QQ=="]}, "leaves must hold 2 to 3 items, got 1"),
        ({"leaves": "QQ=="}, "leaves must be list, got str"),
        ({"sync": "yes"}, "sync must be bool, got str"),
        ({"song": 5}, "song must be str, got int"),
        ({"kettle_id": 1.5}, "kettle_id must be int or str, got float"),
    ],
)
async def test_what_the_documentation_forbids_is_refused(values: Any, words: str) -> None:
    """The error names the operation, the parameter, the limit and the value."""
    with pytest.raises(InvalidParameter) as caught:
        await boil(**values)
    assert str(caught.value).startswith(f"kettles.boil: {words}.")


async def test_a_lenient_client_sends_as_given() -> None:
    """Without strictness only spelling remains."""
    call = await boil(degrees="hot", mode="loud", steps=-4, strict=False)
    assert call.json == {"degrees": "hot", "mode": "loud", "steps": -4, "sync": False}


@pytest.mark.parametrize("identifier", ["", ".", "..", None])
@pytest.mark.parametrize("strict", [True, False])
async def test_ids_that_would_change_the_path_are_refused(identifier: Any, strict: bool) -> None:
    """An empty id, a dot or None would reach another resource, whether checks are on or off."""
    with pytest.raises(InvalidParameter, match="kettle_id"):
        await boil(kettle_id=identifier, strict=strict)


@pytest.mark.parametrize(
    ("identifier", "segment"),
    [("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("{round}", "%7Bround%7D"), ("ü", "%C3%BC"), ("\ud800", "%3F")],
)
async def test_ids_are_quoted(identifier: str, segment: str) -> None:
    """Whatever an id holds, it stays one segment."""
    assert (await boil(kettle_id=identifier)).path == f"/v1/kettles/{segment}/boil/1"


async def test_unknown_and_missing_parameters_are_python_errors() -> None:
    """A misspelt name is a TypeError, as with any function."""
    with pytest.raises(TypeError, match="temperature"):
        await boil(temperature=50)
    with pytest.raises(TypeError, match="degrees"):
        await Kettles(Echo()).boil(7, 1)  # type: ignore[call-arg]  # the point of the test


async def test_too_many_words_are_said_and_sent() -> None:
    """A word limit that the documentation itself breaks is a warning."""
    with pytest.warns(UserWarning, match=r"kettles\.boil: song has 4 words"):
        call = await boil(song="row row row again")
    assert call.json is not None
    assert call.json["song"] == "row row row again"


async def test_a_call_becomes_a_form() -> None:
    """The same values as texts, with a file beside them."""
    part = FilePart(File(Path("a.png"), 3, 0), "a.png", "image/png")
    call = (await boil(degrees=1.5)).as_multipart(part)
    assert call.json is None
    assert call.multipart is not None
    assert call.multipart.fields == {"degrees": "1.5", "sync": "false"}
    assert call.multipart.file is part


async def test_the_body_is_not_in_the_repr() -> None:
    """Images are large, and prompts are private."""
    assert "row row" not in repr(await boil(song="row row row"))
