"""A dashboard inside another application: its addresses have the prefix, and who sees it is decided there."""

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bria_async import dashboard
from bria_async.dashboard.web.guard import HEADERS

from .door import FORM, OURS, Door, listening
from .html import LOADING
from .html import Page as Html

NAME = "Studio.example"


@web.middleware
async def members_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What another application decides by, in place of a key."""
    if request.headers.get("Cookie") != "member=yes":
        raise web.HTTPUnauthorized
    return await handler(request)


async def other(_: web.Request) -> web.Response:
    """A page of the other application."""
    return web.Response(text="other")


@pytest.fixture
async def door(shelf: Path) -> AsyncIterator[Door]:
    """An application with a dashboard below `/team/runs/`, and one of its members."""
    outer, inner = web.Application(middlewares=[members_only]), web.Application()
    outer.router.add_get("/other", other)
    inner.add_subapp("/runs/", dashboard.app(shelf, control=True, hosts=[NAME]))
    outer.add_subapp("/team/", inner)
    async with listening(outer, NAME) as door:
        yield attrs.evolve(door, cookie="member=yes")


@pytest.mark.parametrize(
    "below", ["", "compare", "runs/studio", "runs/many", "runs/many/runs/run-1", "runs/draft", "runs/no"]
)
async def test_every_address_has_the_prefix(door: Door, below: str) -> None:
    """Links, pictures, forms, scripts, styles and what is followed; and each leads to something."""
    html = Html()
    html.feed((await door.ask(f"/team/runs/{below}")).text)
    names = LOADING | {"data-live"}
    found = {value for each in html.elements for name, value in each.attributes.items() if name in names}
    addresses = {value for value in found if not value.startswith("#")}
    assert {address[:11] for address in addresses} == {"/team/runs/"}
    forms = {each.attributes["action"] for each in html.all("form") if each.attributes["method"] == "post"}
    assert bool(forms) == (below == "runs/draft")
    for address in addresses - forms:
        assert (await door.ask(address)).status == 200, address


async def test_the_application_guards_it(shelf: Path, door: Door) -> None:
    """Its middlewares come first, for pages, files, streams and changes."""
    stranger = attrs.evolve(door, cookie="")
    for target in ("", "live", "static/live.js", "runs/studio/images/0/96", "runs/studio/report"):
        assert (await stranger.ask(f"/team/runs/{target}")).status == 401
    assert (await stranger.post("/team/runs/runs/draft/approve")).status == 401
    assert list((shelf / "draft" / "control").glob("*")) == []


async def test_it_still_guards_itself(shelf: Path, door: Door) -> None:
    """Against other names and other pages, though it has no key; a key in an address means nothing."""
    assert (await attrs.evolve(door, name="127.0.0.1").ask("/team/runs/")).status == 421
    assert (await attrs.evolve(door, name="studio.example:8000").ask("/team/runs/")).status == 200
    for told in ([], [("Sec-Fetch-Site", "same-site")], [("Origin", "http://evil.example")]):
        answer = await door.ask("/team/runs/runs/draft/approve", "POST", b"", [*told, ("Content-Type", FORM)])
        assert answer.status == 403
    assert list((shelf / "draft" / "control").glob("*")) == []
    assert "Set-Cookie" not in (await door.ask("/team/runs/?key=any")).headers


async def test_the_rest_of_the_application_is_its_own(door: Door) -> None:
    """Answers of the dashboard have its headers, others do not."""
    for target in ("/team/runs/", "/team/runs/nowhere", "/team/runs/static/style.css"):
        assert HEADERS.items() <= dict((await door.ask(target)).headers).items()
    answer = await attrs.evolve(door, name="elsewhere").ask("/other", headers=[OURS])
    assert (answer.status, answer.text) == (200, "other")
    assert not set(HEADERS) & set(answer.headers)
