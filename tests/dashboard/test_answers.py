"""What a dashboard answers, whatever it is asked: its headers, small pictures by number, nothing beside runs."""

import io
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from PIL import Image

from bria_async.dashboard.web.guard import HEADERS
from tests.simulation.world import TOKEN

from .door import OURS, Door, serving

PAGES = ("/", "/compare", "/runs/studio", "/runs/draft", "/runs/studio/events/1", "/runs/many", "/runs/many/runs/run-1")
MADE = ("/runs/studio/inspection", "/runs/studio/report", "/runs/many/report")
PICTURES = (
    "/runs/studio/images/0/96",
    "/runs/studio/samples/1/320",
    "/runs/many/runs/run-0/collage/3",
    "/runs/studio/collage/1",
)
STREAMS = ("/live", "/compare/live", "/runs/studio/live", "/runs/many/live", "/runs/many/runs/run-0/live")
NOTHING = {
    "/runs/studio/": (
        "images/7/96",
        "images/999999/96",
        "images/1000000/96",
        "images/-1/96",
        "images/0/97",
        "images/0/9999",
        "images/0/0",
        "images/0.png/96",
        "images/%30%2e%2e/96",
        "images/0",
        "images/%2e%2e%2fjournal.db/96",
        "images/..%2f..%2fjournal.db/96",
        "samples/2/96",
        "thumbnails/0/96",
        "collage/4",
        "journal.db",
        "%2e%2e/journal.db",
    ),
    "/runs/many/": ("collage/2",),
    "/static/": (
        "../web/guard.py",
        "%2e%2e/web/guard.py",
        "..%2fweb%2fguard.py",
        "%2e%2e%2fweb%2fguard.py",
        "..%5cweb%5cguard.py",
        "....//web/guard.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "uplot/../../templates/base.html",
        "uplot/%2e%2e/%2e%2e/templates/base.html",
        "style.css%00",
        "",
        "uplot",
    ),
}
"""What is beside the pictures of a run, and beside the files that belong to pages."""
OWN = {*MADE, *PICTURES}
"""What has a policy, or a time to be kept, of its own."""


@pytest.fixture
async def door(shelf: Path) -> AsyncIterator[Door]:
    """A dashboard that can change something."""
    async with serving(shelf, control=True) as door:
        yield door


@pytest.mark.fault("S2")
@pytest.mark.parametrize("target", [*PAGES, *MADE, *PICTURES, *STREAMS, "/static/live.js", "/nowhere", "/runs/nobody"])
async def test_headers_of_every_answer(door: Door, target: str) -> None:
    """Pages, pictures, files, streams and errors alike; no other origin may read one, and none tells what serves it."""
    for method, headers in (("GET", []), ("GET", [("Origin", "http://evil.example")]), ("POST", [OURS])):
        answer = await door.ask(target, method, headers=headers)
        told = {name: answer.headers.get(name) for name in HEADERS}
        if method == "GET" and target in OWN:
            told |= {name: HEADERS[name] for name in ("Content-Security-Policy", "Cache-Control")}
        assert told == HEADERS
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "Server" not in answer.headers
    assert (await door.ask(target, "OPTIONS", headers=[OURS, ("Origin", "http://evil.example")])).status in (404, 405)


@pytest.mark.parametrize("target", MADE)
async def test_files_that_stand_alone(door: Door, target: str) -> None:
    """They are framed by nobody and send nothing anywhere, and their own policy lets them load nothing."""
    answer = await door.ask(target)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    assert "content=\"default-src 'none'" in answer.text
    assert TOKEN not in answer.text


async def test_an_inspection_can_be_made_again(pictures: Path, door: Door) -> None:
    """It says how the images were when it was made, and leads to another look, which sees what was added since."""
    first = (await door.ask("/runs/studio/inspection")).text
    added = pictures / "added.png"
    try:
        shutil.copy(pictures / "0.png", added)
        second = (await door.ask("/runs/studio/inspection")).text
        third = (await door.ask("/runs/studio/inspection?anew")).text
    finally:
        added.unlink()
    assert first == second
    assert all('<a href="?anew">Look again</a>' in sheet for sheet in (first, third))
    assert ("added.png" in first, "added.png" in third) == (False, True)


@pytest.mark.parametrize("run", ["/runs/studio", "/runs/many/runs/run-0"])
async def test_an_inspection_leads_back_to_its_run(door: Door, run: str) -> None:
    """To the page that it was asked for on."""
    sheet = (await door.ask(f"{run}/inspection")).text
    (back,) = re.findall('<a href="([^"]*)">Back to the run</a>', sheet)
    assert urljoin(f"{run}/inspection", back) == run
    assert f'href="{run}/inspection"' in (await door.ask(urljoin(f"{run}/inspection", back))).text


async def test_files_are_made_in_the_place_of_older_ones(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often somebody asks, there is one report and one inspection of a run, and none in the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with serving(shelf) as door:
        for _ in range(3):
            for below in ("report", "inspection?anew"):
                assert (await door.ask(f"/runs/studio/{below}")).status == 200
        assert len(list(tmp_path.rglob("*.html"))) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", PAGES)
async def test_pages_hold_no_token_and_no_script(door: Door, target: str) -> None:
    """The token of the API is in none; all scripts and styles are files of the dashboard."""
    answer = await door.ask(target)
    assert answer.status == 200
    assert TOKEN not in answer.text
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert " on" not in "".join(tag.partition(">")[0] for tag in answer.text.split("<img")[1:])
    assert answer.text.count("<script") == answer.text.count("<script src=") + answer.text.count(
        '<script type="module" src='
    )


@pytest.mark.parametrize("target", STREAMS)
async def test_streams_have_no_head(door: Door, target: str) -> None:
    """Who asks for the head alone does not wait for ever."""
    assert (await door.ask(target, "HEAD")).status == 405


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", PICTURES)
async def test_pictures_are_encoded_anew(door: Door, target: str) -> None:
    """What is sent is a small WebP made of pixels, not the file."""
    answer = await door.ask(target)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.format == "WEBP"
        assert max(image.size) <= 640
    assert answer.headers["Cache-Control"].startswith("private")


async def test_a_sample_that_is_no_picture(shelf: Path, door: Door) -> None:
    """What took the place of a sample is never sent as it is."""
    (sample,) = (shelf / "studio" / "samples").glob("*boat*")
    kept = sample.read_bytes()
    try:
        sample.write_text("a secret")
        assert (await door.ask("/runs/studio/samples/1/96")).status == 404
        sample.unlink()
        assert (await door.ask("/runs/studio/samples/1/96")).status == 404
    finally:
        sample.write_bytes(kept)


# --- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.fault("S2")
@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "%2e%2e",
        "%2e%2e%2f%2e%2e",
        "..%2fshelf0%2fstudio",
        "%2e%2e%5cstudio",
        "many%2frun-1",
        "%2fetc%2fpasswd",
        "studio%2f",
        "studio%00",
        "studio%0a",
        "%ff",
        "%ed%a0%80",
        "-studio",
        "a" * 81,
        "%3Cimg%20src=x%3E",
    ],
)
async def test_names_lead_nowhere(shelf: Path, door: Door, name: str) -> None:
    """Of a run, or of a batch, whatever is asked of it: there is nothing, and nothing is made."""
    before = {path: path.stat().st_mtime_ns for path in shelf.parent.rglob("*") if path.is_file()}
    for run in (f"/runs/{name}", f"/runs/{name}/runs/run-1", f"/runs/many/runs/{name}"):
        for target in (
            run,
            f"{run}/live",
            f"{run}/events/1",
            f"{run}/images/0/96",
            f"{run}/collage/0",
            f"{run}/report",
            f"{run}/inspection",
        ):
            answer = await door.ask(target)
            assert answer.status == 404, target
            assert b"<img src=x" not in answer.body
            assert TOKEN.encode() not in answer.body
        for what in ("approve", "stop", "caption", "schema"):
            assert (await door.post(f"{run}/{what}", b"image=1&caption=a&text=a")).status in (404, 405, 422)
    assert {path: path.stat().st_mtime_ns for path in shelf.parent.rglob("*") if path.is_file()} == before


@pytest.mark.fault("S2")
@pytest.mark.parametrize("target", [f"{root}{below}" for root, some in NOTHING.items() for below in some])
async def test_files_by_number_or_name_alone(door: Door, target: str) -> None:
    """Numbers and sizes that there are not, files beside those that pages need, and folders lead to nothing."""
    answer = await door.ask(target)
    assert answer.status in (403, 404)
    assert len(answer.body) < 200
