"""What a page shows of a run, of its rows alone."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.dashboard.pages import LOOKS, RunPage, Tile, run_page
from bria_async.dashboard.templating import rendered
from bria_async.graph.feed import View
from bria_async.graph.records import Row, RunRow
from bria_async.graph.states import State
from bria_async.images.look import Measures
from bria_async.images.probe import ImageFile
from bria_async.training.lifecycle import shape
from bria_async.training.plan import Plan
from bria_async.training.result import Results

FACTS = {"images": 4, "uploaded": 1, "project": 1, "dataset": 2, "model": None}
KEYS = ("a", "b", "c", "d")


def image(key: str) -> ImageFile:
    """An image of the dataset."""
    return ImageFile(Path(f"{key}.png"), key, key * 64, 10, 0, "png", 1024, 1024)


def page(
    *rows: Row,
    alive: bool = False,
    upload: str = "each",
    captions: dict[str, str] | None = None,
    some: dict[str, dict[str, Any]] | None = None,
) -> RunPage:
    """The page of a run with these rows of uploads; some of its images have other fields."""
    plan = Plan(images="pictures", name="Toy", upload=upload)  # type: ignore[arg-type]  # one of its words
    graph = shape(plan, len(KEYS))
    others = [
        Row(0, task.name, "", State.PENDING) for task in graph.tasks if task.name not in {row.name for row in rows}
    ]
    results = Results.of_rows(graph, [*others, *rows])
    counts = {name: {row.state: 1 for row in found.values()} for name, found in results.rows.items()}
    run = RunRow(
        1, "toy", "run 1", {"family": "fibo", "base_url": "https://api.example/?key=secret"}, "running", None, 0, 0
    )
    return run_page(
        View(run, counts, {}, alive),
        plan,
        [],
        results,
        FACTS,
        title="toy",
        following="bria-async resume toy",
        approve="bria-async approve toy",
        images={key: attrs.evolve(image(key), **(some or {}).get(key, {})) for key in KEYS},
        prompts={},
        captions=captions or {},
        now=100.0,
    )


def uploads(*states: State) -> list[Row]:
    """Uploads in these states, those that are done with an id."""
    results = {State.DONE: '{"id": 7, "name": "a"}'}
    return [Row(9, "upload", key, state, result=results.get(state)) for key, state in zip(KEYS, states, strict=True)]


@pytest.mark.parametrize(("alive", "state"), [(True, "intent"), (False, "in_doubt")])
def test_states_of_images(alive: bool, state: str) -> None:
    """What is on its way while somebody works on it is in doubt when nobody does any more."""
    found = page(*uploads(State.DONE, State.INTENT, State.SKIPPED, State.PENDING), alive=alive)
    assert [tile.state for tile in found.tiles] == ["done", state, "skipped", "pending"]
    assert dict(found.tally) == {"done": 1, state: 1, "skipped": 1, "pending": 1}
    assert {tile.state for tile in found.tiles} <= LOOKS.keys()
    assert (found.tiles[0].id, found.tiles[1].id) == (7, None)


def test_an_image_has_the_warnings_of_its_check() -> None:
    """By its size and its pixels; what an older version kept of it in words alone is there once."""
    dark = Measures(hash=(1, 2), sharpness=1.0, brightness=0.05, contrast=0.2, entropy=6.0)
    small = "600 x 1024 pixels: sides below 1024 are upscaled by the server"
    found = page(
        *uploads(*[State.PENDING] * 4), some={"a": {"measures": dark}, "b": {"width": 600, "warnings": (small,)}}
    )
    assert [tile.warnings for tile in found.tiles] == [("dark: 5% of white on the average",), (small,), (), ()]


def test_images_of_a_zip() -> None:
    """They are on their way together, and those that the server did not take are left out."""
    bulk = Row(1, "bulk", "", State.DONE, result="null", via="sent")
    waiting = page(bulk, Row(2, "upload", "", State.PENDING), upload="zip")
    assert {tile.state for tile in waiting.tiles} == {"intent"}
    unpacked = Row(2, "upload", "", State.DONE, result='{"a": {"id": 7, "name": "a"}}', via="sent")
    assert [tile.state for tile in page(bulk, unpacked, upload="zip").tiles] == ["done", *["skipped"] * 3]


def test_captions_find_their_images() -> None:
    """By the ids that the uploads gave; without one the file is named."""
    found = page(*uploads(State.DONE, State.DONE, State.PENDING, State.PENDING), captions={"7": "a cat"})
    assert [tile.caption for tile in found.tiles] == ["a cat", "a cat", "", ""]


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("a cat", "a cat"),
        ('{"short_description": "a cat", "lighting": {}}', "a cat"),
        ('{"lighting": {}}', '{"lighting": {}}'),
        ('{"short_description": 5}', '{"short_description": 5}'),
        ("[" * 100_000, "[" * 100_000),
        ("", ""),
    ],
)
def test_captions_in_words(caption: str, words: str) -> None:
    """The description of those that are JSON; whatever else they are, they are no error."""
    assert Tile(0, image("a"), "done", caption=caption).words == words


def test_addresses_are_shown_without_their_queries() -> None:
    """A key in the address of a server is nobody's business."""
    assert ("server", "https://api.example/") in page().settings


def test_a_run_of_which_nothing_is_known_yet() -> None:
    """Where its events will be, words say that there are none."""
    assert "Nothing happened yet." in rendered("run/events.html", page=page(), newest=[])
    assert "Nothing happened yet." not in rendered("run/events.html", page=page(), newest=[(1.0, "toy started")])


def test_a_run_of_which_the_server_has_nothing_yet() -> None:
    """No heading stands over nothing."""
    begun = page()
    assert "On the server" in rendered("run/settings.html", page=begun)
    assert "On the server" not in rendered("run/settings.html", page=attrs.evolve(begun, ids=()))
