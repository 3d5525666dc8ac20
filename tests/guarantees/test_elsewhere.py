"""A machine that shares nothing with the workers but their database sees what they see, and is heard by them."""

import asyncio
from pathlib import Path

import pytest

from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.training import Settings, approve, change_caption, change_schema
from bria_async.training.shared import SharedPlace
from tests.dashboard.door import serving
from tests.dashboard.html import Page
from tests.guarantees.stage import RUN, Shared
from tests.guarantees.verdict import problems
from tests.kill.stage import SHAPES

pytestmark = pytest.mark.exhaustive


def read(text: str) -> str:
    """What a page says."""
    page = Page()
    page.feed(text)
    return page.text


def test_captions_are_reviewed(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dashboard and its report show the captions; the prefix and a caption are changed from it, and approved."""
    state, report = tmp_path / "elsewhere", tmp_path / "report.html"
    monkeypatch.setenv("BRIA_STATE", str(state))
    settings, database = Settings(state=state), shared.database
    assert database is not None

    async def look() -> str:
        async with serving(database) as door:
            return (await door.ask(f"/runs/{RUN}")).text

    def pages() -> tuple[str, str]:
        code, said = shared.say("report", RUN, "--state", str(state), "--database", database.url, "-o", str(report))
        assert code == 0, said
        return read(asyncio.run(look())), read(report.read_text())

    shared.hand_over(*SHAPES["legacy"], "--review")
    shared.until(Happened.ASKED, push=10.0)
    captions = [image.caption or "none" for image in shared.sim.world.images.values()]
    for text in pages():
        assert not [caption for caption in captions if caption not in text], text
    (image, *_) = shared.sim.world.images
    asyncio.run(change_schema(RUN, "A drawing of", settings=settings, database=database))
    asyncio.run(change_caption(RUN, image, "by hand", settings=settings, database=database))
    shared.wait(lambda: shared.sim.world.images[image].caption == "by hand", "the caption is changed", 0.0, RUN)
    shared.wait(lambda: "by hand" in pages()[0], "the page shows it", 0.0, RUN)
    asyncio.run(approve(RUN, settings=settings, database=database))
    assert shared.finished().state == "done", shared.view().run.reason
    assert "by hand" in pages()[1]
    (dataset,) = shared.sim.world.datasets.values()
    assert dataset.caption_prefix == "A drawing of"
    assert not problems(shared)
    seen: dict[str, str] = {}
    for _, event in feed.whole_events(SharedPlace.found(database, RUN).source, RUN, 0, 10_000):
        for number, text in event.data.get("captions", {}).items():
            assert seen.get(number) != text, f"the caption of image {number} was told twice"
            seen[number] = text
