"""A journal is read the same from a file and from PostgreSQL, by those who follow it and by those who list it."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

from bria_async.cli.follow import Follower, ManyRuns, OneRun, until_over
from bria_async.engines.postgres.database import Database
from bria_async.engines.postgres.jobs import WHOLE, Jobs
from bria_async.engines.postgres.journal import PostgresJournal
from bria_async.engines.postgres.reading import Reader, SharedJournal
from bria_async.engines.postgres.seat import Guest, Seat
from bria_async.errors import JournalError, JournalTooNew, RunError
from bria_async.graph import feed
from bria_async.graph.events import Happened
from bria_async.graph.journal import Journal
from bria_async.graph.ledger import Ledger
from bria_async.graph.records import Keeper
from bria_async.graph.states import Change, State
from bria_async.host import Host
from bria_async.training.place import Place
from bria_async.training.shared import SharedPlace, places

if TYPE_CHECKING:
    from tests.postgres import Server

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
KEYS = ("B", "_", "a", "é")
"""In the order of their code points, which is that of no language."""


@attrs.frozen
class Kept:
    """A journal, where it is written and where it is read."""

    written: Keeper
    source: feed.Source
    take: Callable[..., AbstractAsyncContextManager[None]]
    """Has somebody work on these runs."""


@contextlib.asynccontextmanager
async def in_a_file(folder: Path) -> AsyncIterator[Kept]:
    """A batch on this disk."""
    path = folder / "studio" / "journal.db"
    async with contextlib.AsyncExitStack() as stack:
        journal = await stack.enter_async_context(Journal(path, Host()))

        @contextlib.asynccontextmanager
        async def take(*runs: int) -> AsyncIterator[None]:
            yield
            await stack.aclose()

        yield Kept(journal, path, take)


@contextlib.asynccontextmanager
async def in_postgres(database: Database) -> AsyncIterator[Kept]:
    """A batch that workers share."""
    async with Seat(database, Host(), name="one") as seat:
        jobs = Jobs(seat)

        @contextlib.asynccontextmanager
        async def take(*runs: int) -> AsyncIterator[None]:
            taken = [await jobs.claim((await jobs.open(run, WHOLE, "runs")).id) for run in runs]
            yield
            for job in taken:
                assert job is not None
                await jobs.finish(job, None)

        await seat.do(lambda session: session.execute("INSERT INTO journal (name, plans) VALUES ('studio', '[]')"))
        yield Kept(PostgresJournal(seat, "studio"), SharedJournal(Reader(database), "studio", is_batch=True), take)


@pytest.fixture(params=["file", "postgres"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    """A journal of each kind."""
    if request.param == "file":
        async with in_a_file(tmp_path) as found:
            yield found
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.fresh() as database:
        async with in_postgres(database) as found:
            yield found


async def ledgers_in(kept: Kept) -> dict[str, Ledger]:
    """Two runs of four things each, of which some are done."""
    things = {key: {"is": key} for key in reversed(KEYS)}
    found = {}
    for name in ("two", "one"):
        tasks = [("dataset", ""), *(("upload", key) for key in KEYS)]
        row = await kept.written.create_run(name, f"tag {name}", {"n": name}, "", {"image": things}, tasks)
        found[name] = await Ledger.load(kept.written, row, Host())
    one = found["one"]
    for ledger in (one, found["two"]):  # what is written last lies last, which is nobody's order
        await ledger.settle_run("running", None, Happened.STARTED)
    await one.change(one.rows["dataset"][""], Change.FINISHED, result={"id": 7})
    await one.change(one.rows["upload"]["a"], Change.ANNOUNCED)
    await one.change(one.rows["upload"]["a"], Change.FINISHED, result={"id": 8})
    await one.change(one.rows["upload"]["é"], Change.ANNOUNCED)
    return found


async def test_everything_is_read_the_same(kept: Kept) -> None:
    """Runs in the order they began, counts, items by their keys, results, events from any number on."""
    await ledgers_in(kept)
    source = kept.source
    assert [view.run.name for view in feed.views(source)] == ["two", "one"]
    view = feed.view(source, "one")
    assert view is not None and view == feed.views(source)[1]
    assert view.counts == {
        "dataset": {State.DONE: 1},
        "upload": {State.PENDING: 2, State.INTENT: 1, State.DONE: 1},
    }
    assert list(view.counts) == ["dataset", "upload"], "in the order of the graph"
    assert view.sent.keys() == {"upload"} and view.run.plan == {"n": "one"} and view.run.tag == "tag one"
    assert feed.view(source, "three") is None
    assert list(feed.inputs(source, "one", "image")) == list(KEYS)
    assert list(feed.inputs(source, "one", "image", 3)) == list(KEYS[:3])
    assert feed.first_results(source, "one", "upload", 2) == {KEYS.index("a"): {"id": 8}}
    assert [row.key for row in feed.rows(source, "one")] == ["", *KEYS]
    assert feed.results(source, "one") == {"dataset": {"id": 7}}
    assert feed.results_of_all(source, "dataset", "model") == {"one": {"dataset": {"id": 7}}}
    told = [(1, "one", "started"), (2, "two", "started"), (3, "one", "finished"), (4, "one", "announced"),
            (5, "one", "finished"), (6, "one", "announced")]  # fmt: skip
    assert [(seq, event.run, event.what) for seq, event in feed.events(source)] == told
    assert [seq for seq, _ in feed.events(source, "one", after=3)] == [4, 5, 6]
    assert [event.key for event in feed.last_events(source, "one", 2)] == ["a", "é"]
    assert feed.newest(source) == 6
    assert [view.run.name for view in feed.changed_views(source, 2, {})] == ["one"]
    assert feed.changed_views(source, 6, {}) == []


async def test_an_approval_is_read_the_same(kept: Kept) -> None:
    """A run that asked for one is known until it was given, by itself, among all, and by those who follow."""
    one = (await ledgers_in(kept))["one"]
    await one.record(Happened.ASKED, subject="a")
    earlier = {view.run.name: view for view in feed.views(kept.source)}
    view = feed.view(kept.source, "one")
    assert view is not None and view.asked
    assert {name: view.asked for name, view in earlier.items()} == {"one": True, "two": False}
    await one.change(one.rows["upload"]["_"], Change.ANNOUNCED)
    assert [view.asked for view in feed.changed_views(kept.source, 7, earlier)] == [True]
    await one.record(Happened.APPROVED, subject="a")
    assert [view.asked for view in feed.changed_views(kept.source, 8, earlier)] == [False]


async def test_captions_are_read_the_same(kept: Kept) -> None:
    """In the order in which they were told, from any number on; events are read without them, unless somebody asks."""
    one = (await ledgers_in(kept))["one"]
    await one.record(Happened.CAPTIONED, captions={"1": "a cat", "2": "a \0 dog"})
    await one.record(Happened.CAPTIONED, captions={"1": "", "3": "é"})
    source, run = kept.source, one.run.id
    assert feed.captions(source, "one") == {"1": "", "2": "a \0 dog", "3": "é"}
    assert feed.captions(source, "one", 7) == {"1": "", "3": "é"}
    assert feed.captions(source, "two") == {}
    told = [{"captions": {"1": "a cat", "2": "a \0 dog"}}, {"captions": {"1": "", "3": "é"}}]
    assert [event.data for _, event in feed.events(source, "one", 6)] == [{}, {}]
    assert [event.data for _, event in feed.whole_events(source, "one", 6, 9)] == told
    assert [event.data for _, event in feed.whole_events(source, "one", 6, 1)] == told[:1]
    assert [event.data for event in feed.last_events(source, "one", 2)] == [{}, {}]
    for most, found, up_to in ((9, told, 8), (1, told[:1], 7)):
        assert await kept.written.behind(run, Happened.CAPTIONED, 6, most) == (found, up_to)
    assert (await kept.written.behind(run, Happened.CAPTIONED, 7, 9))[0] == told[1:]
    assert (await kept.written.behind(run, Happened.CAPTIONED, 8, 9)) == ([], 8)
    assert (await kept.written.behind(run, Happened.CHARGED, 0, 9))[0] == []


async def test_items_are_read_the_same(kept: Kept) -> None:
    """Each by its key, all in the order of their keys, and the largest number of a field."""
    items = {"image": {key: {"size": number} for number, key in enumerate(reversed(KEYS), 9)}}
    run = await kept.written.create_run("sized", "tag", {}, "", items, [])
    found = await kept.written.items(run.id, "image")
    assert list(found) == list(KEYS) and found == items["image"]
    assert (found["é"], "nobody" in found) == ({"size": 9}, False)
    assert await kept.written.largest(run.id, "image", "size") == 12
    assert await kept.written.largest(run.id, "prompt", "size") == 0


async def test_who_works_on_a_run(kept: Kept) -> None:
    """A run is running while somebody has it, and interrupted when he has gone without a word."""
    ledgers = await ledgers_in(kept)
    async with kept.take(ledgers["one"].run.id):
        view = feed.view(kept.source, "one")
        assert view is not None and (view.alive, view.waits, view.state) == (True, False, "running")
        assert feed.tended(kept.source).busy
    view = feed.view(kept.source, "one")
    assert view is not None and (view.alive, view.waits, view.state) == (False, False, "interrupted")
    assert not feed.tended(kept.source).busy


async def test_a_batch_is_followed_the_same(kept: Kept) -> None:
    """Once as a whole, then what is new; who is gone is noticed without an event."""
    ledgers = await ledgers_in(kept)
    many = ManyRuns(kept.source, "studio", ("one", "two", "three"))
    async with kept.take(*(ledger.run.id for ledger in ledgers.values())):
        first, events = many.read(after=4)
        assert (first.state, first.states) == ("running", {"running": 2, "not begun": 1})
        assert [seq for seq, _ in events] == [5, 6]
        await ledgers["one"].settle_run("done", None, Happened.COMPLETED)
        second, events = many.read(after=6)
        assert second.states == {"done": 1, "running": 1, "not begun": 1}
        assert [event.what for _, event in events] == ["completed"]
        assert second.views["two"] is first.views["two"], "it was not read again"
    third, _ = many.read(after=7)
    assert (third.state, third.states) == ("interrupted", {"done": 1, "interrupted": 1, "not begun": 1})


async def test_readers_of_a_database_cannot_write(database: Database) -> None:
    """Nor do they make tables: where nobody handed anything over, there is nothing."""
    reader = Reader(database)
    assert (reader.journals(), reader.batches_with("cats"), reader.workers()) == ([], [], 0)
    with reader.looking() as session:
        assert session.execute("SELECT to_regclass('bria_async.run')").fetchone() == (None,)
    async with Guest(database, Host()):
        pass
    for statement in ("DELETE FROM event", "CREATE TABLE bria_async.more ()"):
        with pytest.raises(JournalError, match="read-only"), reader.looking() as session:
            session.execute(statement)


async def test_a_run_that_was_handed_over_waits_for_a_worker(database: Database) -> None:
    """Until one takes it, and again when that one is gone; whether there are any is told as well."""
    source = SharedJournal(Reader(database), "cats", is_batch=False)

    def seen() -> tuple[str, bool, int]:
        view = feed.view(source, "cats")
        assert view is not None
        return view.state, view.alive, feed.tended(source).workers

    async with Guest(database, Host()) as guest:
        await PostgresJournal(guest, "cats").create_run("cats", "t", {}, "", {}, [("project", "")])
    assert seen() == ("interrupted", False, 0), "nobody was asked to"
    async with Seat(database, Host(), name="one") as one:
        job = await Jobs(one).open(1, WHOLE, "runs")
        assert seen() == ("waiting", False, 1)
        await Jobs(one).claim(job.id)
        assert seen() == ("running", True, 1)
    assert seen() == ("waiting", False, 0), "his lock is free"
    async with Seat(database, Host(), name="two") as two:
        assert seen() == ("waiting", False, 1)
        assert await Jobs(two).take_over(one.number)
        assert seen() == ("waiting", False, 1), "given back"


async def test_one_session_serves_while_it_is_held(database: Database) -> None:
    """Else each look has one of its own; after an error the next look has a new one."""
    reader = Reader(database)

    def served_by() -> int:
        with reader.looking() as session:
            return session.info.backend_pid

    assert served_by() != served_by()
    with reader.held():
        first = served_by()
        with pytest.raises(JournalError, match="cannot be used"), reader.looking() as session:
            session.execute("SELECT nonsense")
        assert served_by() == first
    assert served_by() != first


@attrs.define
class Watched:
    """What somebody was shown."""

    states: list[str] = attrs.field(factory=list)
    waits: list[str] = attrs.field(factory=list)

    def waiting(self, what: str) -> None:
        """There is nothing to show."""
        self.waits.append(what)

    def show(self, seen: feed.View, events: object, now: float) -> None:
        """How it is."""
        self.states.append(seen.state)


async def test_a_database_that_restarts_is_waited_for(database: Database) -> None:
    """Whoever watches a run loses its session, says so, and goes on when the database is back."""
    source = SharedJournal(Reader(database), "cats", is_batch=False)
    async with Guest(database, Host()) as guest:
        await PostgresJournal(guest, "cats").create_run("cats", "t", {}, "", {}, [("project", "")])
    watched, looks = Watched(), itertools.count()

    def goes_on(view: feed.View) -> bool:
        if next(looks) == 0:
            with database.session() as session:
                session.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        return len(watched.states) < len(("before", "after"))

    with feed.held(source):
        view = await until_over(Follower(OneRun(source, "cats"), cast("Any", watched)), goes_on)
    assert view is not None and watched.states == ["interrupted", "interrupted"]
    assert len(watched.waits) == 1 and "It is looked for until it is back." in watched.waits[0]


async def test_tables_of_a_newer_version_are_refused(database: Database) -> None:
    """With both numbers, before anything of them is believed."""
    async with Guest(database, Host()) as guest:
        await guest.do(lambda session: session.execute("UPDATE meta SET version = 99"))
    with pytest.raises(JournalTooNew, match="format 99"):
        Reader(database).journals()


async def test_tables_of_an_older_version_are_refused(database: Database) -> None:
    """By workers, who could not take what is queued for the older ones, and by readers; nothing is changed."""
    async with Guest(database, Host()) as guest:
        await guest.do(lambda session: session.execute("UPDATE meta SET version = 0"))
    for use in (Reader(database).journals, database.prepare):
        with pytest.raises(JournalError, match=r"format 0; .* Have workers of the older version end them"):
            use()


async def test_runs_are_found_as_on_a_disk(database: Database, tmp_path: Path) -> None:
    """By name, as a batch, as `batch/run`, and a run of a batch by its name alone where that is clear."""
    with pytest.raises(RunError, match="There is no run 'cats'"):
        SharedPlace.found(database, "cats", tmp_path)
    async with Guest(database, Host()) as guest:
        sql = "INSERT INTO journal (name, plans) VALUES ('night', '[]'), ('studio', '[]')"
        await guest.do(lambda session: session.execute(sql))
        for title in ("cats/cats", "night/dogs", "night/owls", "studio/dogs", "studio/studio"):
            journal, _, run = title.partition("/")
            await PostgresJournal(guest, journal).create_run(run, "t", {}, "", {}, [])

    def found(name: str) -> tuple[str, str, bool]:
        place = SharedPlace.found(database, name, tmp_path)
        return place.title, place.name, place.is_batch

    assert found("cats") == ("cats", "cats", False)
    assert found("studio") == ("studio", "studio", True), "the batch comes before its run of the same name"
    assert found("studio/studio") == ("studio/studio", "studio", False)
    assert found("owls") == found("night/owls") == ("night/owls", "owls", False)
    with pytest.raises(RunError, match="Several batches have a run 'dogs': night/dogs, studio/dogs"):
        found("dogs")
    for nothing in ("cats/cats", "nobody", "nobody/cats"):
        with pytest.raises(RunError, match="There is no run"):
            found(nothing)
    assert [(place.title, place.is_batch) for place in places(database=database)] == [
        ("cats", False),
        ("night", True),
        ("studio", True),
    ]
    assert list(places(tmp_path)) == []
    (tmp_path / "owls").mkdir()
    (tmp_path / "owls" / "journal.db").touch()
    assert list(places(tmp_path)) == [Place(tmp_path / "owls")]
