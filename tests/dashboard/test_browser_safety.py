"""In a browser, what anybody wrote stays text, and no other page gets anything of a dashboard or changes anything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
from aiohttp import web
from playwright.sync_api import Browser, Page, expect

from bria_async import dashboard
from bria_async.errors import RunCancelled
from bria_async.graph.control import SCHEMA, STOP, Request
from bria_async.graph.events import Event, Happened
from bria_async.graph.states import Change
from bria_async.training import train
from bria_async.training.members import members_of
from bria_async.training.members import written as members
from bria_async.training.place import Place
from tests.simulation.world import World
from tests.training.conftest import Studio, copied

from .apart import apart, running
from .browser import ELSEWHERE, needs_browser, window
from .door import Door, listening
from .written import begun, images, keep_thumbnails, plan, uploaded, writing

pytestmark = [needs_browser, pytest.mark.exhaustive]

Within = Callable[..., Any]
HOSTILE = "<img src=x onerror=alert(1)></script></textarea><script>alert(2)</script>\"'&lt;"
"""What is markup in any place of a page, if it is markup at all."""
NAME = "<svg onload=alert(3)>&quot;<script>.png"
"""The same as far as a file can be called so."""


@contextmanager
def opened(chromium: Browser, state: Path) -> Iterator[tuple[Page, str]]:
    """A page in a browser that was let in, and the address of the dashboard; no dialog may open."""
    absent = (404,)  # a contact sheet has no icon, which browsers look for
    with running(lambda: dashboard.serving(state, control=True)) as address, window(chromium, refused=absent) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
        page.goto(address)
        yield page, address.partition("/?")[0]


def markup(page: Page) -> int:
    """Elements that no page of a dashboard has: those that somebody wrote into it."""
    return page.locator("[onerror], [onload], img[src=x], body script, svg[onload]").count()


@pytest.fixture
def hostile(studio: Studio, within: Within, tmp_path: Path) -> Path:
    """Runs whose names, files, captions, prompts, schemas and errors are all markup."""
    folder = copied(studio.pictures, tmp_path / "<b>images")
    (folder / "0.png").rename(folder / NAME.replace("/", ""))
    for path in list(folder.iterdir()):
        path.with_suffix(".txt").write_text(HOSTILE)

    async def main(here: World) -> None:
        here.sim.fail("images.upload", status=412, match="3--", times=2, body={"message": HOSTILE})
        usual: dict[str, Any] = {"images": folder, "ip_name": HOSTILE, "on_bad_image": "skip", "family": "legacy"}
        done = studio.plan(name=HOSTILE, samples=(HOSTILE,), captions="files", **usual)
        await train(here.session, done, settings=studio.settings())
        place, host = Place.of("draft", studio.state), here.session.host

        def edit_and_stop(event: Event) -> None:
            if event.what == Happened.ASKED:
                place.control.ask(Request(SCHEMA, {"text": HOSTILE, "anew": False}), host)
            if event.what == Happened.PROGRESSED and "text" in event.data:
                place.control.ask(Request(STOP), host)

        draft = studio.plan(name="draft", review=True, **usual)
        with pytest.raises(RunCancelled):
            await train(here.session, draft, settings=studio.settings(), on_event=edit_and_stop)

    apart(within, main)
    apart(asyncio.run, failed(Place.of("batch", studio.state)))
    (studio.state / NAME).mkdir()
    (studio.state / NAME / "journal.db").write_bytes(b"no journal" * 100)
    return studio.state


async def failed(place: Place) -> None:
    """A batch whose one run failed, with the words of a server."""
    made = plan(place.folder, "one", ip_name=HOSTILE)
    async with writing(place) as (bria, journal):
        place.plans.write_text(members(members_of([made])))
        ledger = await begun(bria, journal, made, images(place.folder, 1))
        await ledger.settle_run("failed", HOSTILE, Happened.RUN_FAILED)


@pytest.mark.fault("S1")
def test_what_anybody_wrote_is_text(chromium: Browser, hostile: Path, tmp_path: Path) -> None:
    """On all pages and in files: nothing of it is an element, no dialog opens, and the policy has nothing to refuse."""
    with opened(chromium, hostile) as (page, origin):
        expect(page.locator(".card")).to_have_count(4)
        expect(page.locator("body")).to_contain_text(NAME)
        assert markup(page) == 0
        names = page.locator(".card h2 a")
        links = [names.nth(number).get_attribute("href") or "" for number in range(names.count())]
        for link in [link for link in links if "svg" not in link and not link.endswith("/batch")]:
            page.goto(origin + link)
            for tile in page.locator(".tile").all():
                tile.locator("summary").click()
            expect(page.locator("#images")).to_contain_text(NAME)
            expect(page.locator("#events")).to_contain_text("<img src=x onerror=alert(1)>")
            assert markup(page) == 0
            page.goto(f"{origin}{link}/events/1")
            expect(page.locator(".events")).to_contain_text("<img src=x onerror=alert(1)>")
            assert markup(page) == 0
            page.goto(f"{origin}{link}/inspection")
            expect(page.locator("#count")).to_contain_text("images are shown")
            for file in ("inspection", "report"):
                kept = tmp_path / f"{file}.html"
                kept.write_bytes(page.request.get(f"{origin}{link}/{file}").body())
                page.goto(kept.as_uri())
                expect(page.locator("body")).to_contain_text(NAME)
                assert markup(page) == (file == "inspection"), "a contact sheet has one script"
        page.goto(f"{origin}/runs/batch")
        expect(page.locator(".card .reason")).to_contain_text("<img src=x onerror=alert(1)>")
        assert markup(page) == 0
        kept = tmp_path / "batch.html"
        kept.write_bytes(page.request.get(f"{origin}/runs/batch/report").body())
        page.goto(kept.as_uri())
        expect(page.locator(".card .reason")).to_contain_text("<img src=x onerror=alert(1)>")
        assert markup(page) == 0
        page.goto(f"{origin}/runs/draft")
        assert page.locator("#review textarea").input_value() == HOSTILE
        page.goto(f"{origin}/compare")
        expect(page.locator("th .prompt")).to_have_text(HOSTILE)
        assert markup(page) == 0


@asynccontextmanager
async def written(state: Path) -> AsyncIterator[Callable[[], None]]:
    """A run that somebody works on; gives what makes it fail, called from any thread."""
    async with writing(Place.of("cats", state)) as (bria, journal):
        made, found = plan(state, "cats", samples=(HOSTILE,), ip_name=HOSTILE), images(state, 3)
        keep_thumbnails(Place.of("cats", state), found)
        ledger = await begun(bria, journal, made, found)
        await uploaded(ledger, 1)
        loop = asyncio.get_running_loop()

        async def fail() -> None:
            await ledger.change(ledger.of("upload")[1], Change.SKIPPED, reason=HOSTILE)
            await ledger.settle_run("failed", HOSTILE, Happened.RUN_FAILED)

        yield lambda: asyncio.run_coroutine_threadsafe(fail(), loop).result()


@pytest.mark.fault("S1")
def test_what_arrives_is_text(chromium: Browser, tmp_path: Path) -> None:
    """Parts that replace others while somebody looks are no more markup than those that were there."""
    with running(lambda: written(tmp_path)) as fail, opened(chromium, tmp_path) as (page, origin):
        page.goto(f"{origin}/runs/cats")
        expect(page.locator("h1 .state")).to_contain_text("running")
        expect(page.locator("#pulse")).to_have_text("live")
        fail()
        expect(page.locator("#head .reason")).to_contain_text("<img src=x onerror=alert(1)>")
        page.locator("#image-1 summary").click()
        expect(page.locator("#image-1")).to_contain_text("<img src=x onerror=alert(1)>")
        expect(page.locator("#events")).to_contain_text("<img src=x onerror=alert(1)>")
        assert markup(page) == 0


@asynccontextmanager
async def elsewhere() -> AsyncIterator[tuple[Door, list[tuple[str, str]]]]:
    """Another server of this machine with one page, and the requests that it gets: their methods and cookies."""
    sent: list[tuple[str, str]] = []

    async def page(request: web.Request) -> web.Response:
        sent.append((request.method, request.headers.get("Cookie", "")))
        return web.Response(text="<!doctype html><title>Evil</title><body>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", page)
    async with listening(application, "127.0.0.1") as door:
        yield door, sent


TRIES = """async (origin) => {
  const loaded = (element, address) => new Promise((done, failed) => {
    element.onload = () => done("loaded");
    element.onerror = () => failed(new Error("refused"));
    element.src = address;
    document.body.append(element);
  });
  const how = { credentials: "include" };
  const post = { ...how, method: "POST", body: new URLSearchParams({ training: "on" }) };
  const tries = {
    page: () => fetch(`${origin}/runs/draft`, how).then((answer) => answer.text()),
    opaque: () => fetch(`${origin}/runs/draft`, { ...how, mode: "no-cors" }).then((answer) => answer.text()),
    approve: () => fetch(`${origin}/runs/draft/approve`, { ...post, mode: "no-cors" }).then((answer) => answer.text()),
    stop: () => fetch(`${origin}/runs/draft/stop`, post).then((answer) => answer.text()),
    remove: () => fetch(`${origin}/runs/draft`, { ...how, method: "DELETE" }).then((answer) => answer.text()),
    picture: () => loaded(new Image(), `${origin}/runs/studio/images/0/96`),
    script: () => loaded(document.createElement("script"), `${origin}/static/live.js`),
    events: () => new Promise((done, failed) => {
      const source = new EventSource(`${origin}/live`, { withCredentials: true });
      source.addEventListener("parts", () => done("parts"));
      source.onopen = () => done("open");
      source.onerror = () => { source.close(); failed(new Error("refused")); };
    }),
  };
  const told = {};
  for (const [name, attempt] of Object.entries(tries)) told[name] = await attempt().catch(() => "refused");
  return told;
}"""
"""What a page can try; each gives what it got, or `refused`."""
FRAME = """(address) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.onload = done;
  frame.src = address;
  document.body.append(frame);
}).then(() => null)"""
"""Frames the dashboard, and waits until whatever comes of it is there."""


@pytest.mark.fault("S2")
def test_a_page_of_another_origin_gets_nothing(chromium: Browser, shelf: Path) -> None:
    """Its requests carry the cookie, as those of the same site do; it reads nothing, and changes nothing."""
    asked = shelf / "draft" / "control"
    with (
        running(elsewhere) as (evil, _),
        running(elsewhere) as (third, sent),
        opened(chromium, shelf) as (page, origin),
    ):
        other = page.context.new_page()
        other.goto(evil.origin)
        told = other.evaluate(TRIES, origin)
        assert set(told.values()) == {"refused"}, told
        assert list(asked.glob("*")) == []
        other.evaluate(TRIES, third.origin)
        assert {method for method, cookie in sent if cookie} == {"GET", "POST"}, "not only the browser refuses them"

        other.evaluate(FRAME, origin)
        assert not [frame for frame in other.frames if frame.url.startswith(origin)], "it is framed by nobody"

        other.goto(evil.origin)
        other.set_content(f'<form method="post" action="{origin}/runs/draft/approve"><button>Win</button></form>')
        other.get_by_role("button").click()
        expect(other.locator("body")).to_have_text("Only a page of this dashboard may ask for a change.")
        assert list(asked.glob("*")) == []

        page.goto(f"{origin}/runs/draft")
        page.get_by_role("button", name="Approve, and go on").click()
        expect(page.locator("#said")).to_contain_text("Approved")
        (request,) = asked.glob("*")
        request.unlink()


@pytest.mark.fault("S2")
def test_a_page_of_another_site_is_sent_no_key(chromium: Browser, shelf: Path) -> None:
    """Neither the key nor what needs it, by whatever name it goes, and no script reads the key anywhere."""
    with (
        running(elsewhere) as (evil, _),
        running(elsewhere) as (named, sent),
        opened(chromium, shelf) as (page, origin),
    ):
        assert page.evaluate("document.cookie") == ""
        other = page.context.new_page()
        other.goto(evil.origin)
        assert other.evaluate("document.cookie") == "", "nor on another port"
        other.goto(f"http://{ELSEWHERE}:{named.port}")
        assert {cookie for _, cookie in sent} == {""}
        other.set_content(f'<a href="{origin}/runs/draft">Win</a>')
        other.get_by_role("link").click()
        expect(other.locator("body")).to_contain_text("Open the address that `bria-async dashboard` printed")
        other.goto(origin.replace("127.0.0.1", ELSEWHERE))
        expect(other.locator("body")).to_have_text("This dashboard does not go by that name.")


@pytest.mark.fault("S2")
def test_cookies_know_no_ports(chromium: Browser, shelf: Path) -> None:
    """What SECURITY.md warns of: a server on 127.0.0.1 that is opened in this browser is sent the key, and enters."""
    with running(elsewhere) as (evil, sent), opened(chromium, shelf) as (page, origin):
        page.context.new_page().goto(evil.origin)
        name = origin.removeprefix("http://")
        thief = Door(int(name.partition(":")[2]), name, cookie=sent[0][1])
        assert "bria-async-" in thief.cookie
        assert apart(asyncio.run, thief.ask("/runs/draft")).status == 200
        assert apart(asyncio.run, thief.post("/runs/draft/approve")).status == 200
        (request,) = (shelf / "draft" / "control").glob("*")
        request.unlink()
