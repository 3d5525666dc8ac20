"""What a batch remembers of what it is to train, and what a command that was typed wrong once does to it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from bria_async.errors import ImageError, PlanChanged, PlanInvalid
from bria_async.graph import feed
from bria_async.training.members import Member, members_of, merged, remembered
from bria_async.training.place import Place
from tests.simulation.world import World

from .conftest import Studio, clean, copied
from .test_batch import batched, plans

Within = Callable[..., Any]


async def stopped(here: World, studio: Studio, given: Any) -> None:
    """Begin a batch whose runs pause when all of their images are there."""
    here.sim.fail("models.create", status=403, times=len(given))
    assert len((await batched(here, studio, given)).failed) == len(given)


def test_a_plan_that_is_refused_is_not_remembered(studio: Studio, within: Within) -> None:
    """What was typed wrong is told, and the batch goes on with the plans it has."""

    async def main(here: World) -> None:
        given = plans(studio, 2)
        await stopped(here, studio, given)
        wrong = [attrs.evolve(plan, ip_medium="illustration", on_bad_image="skip") for plan in given]
        result = await batched(here, studio, wrong)
        assert {type(error) for error in result.failed.values()} == {PlanChanged}
        assert [member.plan for member in remembered(Place.of("many", studio.state))] == given
        assert len((await batched(here, studio, None)).trained) == 2
        assert clean(here.sim)

    within(main)


def test_what_has_begun_belongs_to_the_batch(studio: Studio, within: Within) -> None:
    """Other plans are added to it; what has not begun is forgotten where it is not given again."""

    async def main(here: World) -> None:
        nothing = studio.plan(name="nothing", images=studio.state, family="legacy")
        studio.state.mkdir()
        first, second, third = plans(studio, 3)
        here.sim.fail("models.create", status=403, times=2)
        await batched(here, studio, [first, nothing, second])
        result = await batched(here, studio, [third])
        assert sorted(result.trained) == ["run-0", "run-1", "run-2"], result.failed
        assert not result.failed
        assert Place.of("many", studio.state).planned == ("run-0", "run-1", "run-2")
        assert clean(here.sim)

    within(main)


def test_only_what_may_change_replaces_what_has_begun(studio: Studio) -> None:
    """Fields that may change, and the weight; plans that were spoilt are those of the journal again."""
    begun, fresh = plans(studio, 2)
    other = attrs.evolve(begun, ip_medium="illustration", review=True)
    before = [Member(plan=other, weight=3.0), Member(plan=fresh, weight=2.0)]
    (kept,) = merged([Member(plan=other)], before, {begun.run: begun})
    assert kept == Member(plan=attrs.evolve(begun, review=True), weight=3.0)
    changed = Member(plan=attrs.evolve(begun, on_doubt="skip"), weight=5.0)
    assert merged([changed, Member(plan=fresh)], before, {begun.run: begun}) == (changed, Member(plan=fresh))
    assert merged([Member(plan=fresh)], [], {begun.run: begun}) == (Member(plan=begun), Member(plan=fresh))


def test_plans_that_cannot_be_read_are_given_again(studio: Studio, within: Within) -> None:
    """What has begun is in the journal, whatever is given."""

    async def main(here: World) -> None:
        given = plans(studio, 2)
        await stopped(here, studio, given[:1])
        place = Place.of("many", studio.state)
        place.plans.write_text(json.dumps([{"plan": {"name": "Run 0"}}]))
        assert sorted((await batched(here, studio, given[1:])).trained) == ["run-0", "run-1"]
        assert [member.plan for member in remembered(place)] == given

    within(main)


def test_going_on_does_not_look_at_images(studio: Studio, within: Within, tmp_path: Path) -> None:
    """All of them are on the server, and their folder is gone: only who gives the plan again has it compared."""

    async def main(here: World) -> None:
        folder = copied(studio.pictures, tmp_path / "moved")
        given = plans(studio, 1, images=folder)
        await stopped(here, studio, given)
        shutil.rmtree(folder)
        place = Place.of("many", studio.state).run("run-0")
        result = await batched(here, studio, given)
        assert isinstance(result.failed["run-0"], ImageError), result
        assert not place.not_begun.exists(), "it has begun"
        assert feed.views(place.source)[0].state == "paused"
        place.not_begun.write_text("left by another version")
        assert list((await batched(here, studio, None)).trained) == ["run-0"]
        assert not place.not_begun.exists()
        assert clean(here.sim)

    within(main)


@pytest.mark.parametrize("name", ["journal.db", "journal.damaged-1.db", "plans.json", "control"])
def test_files_of_a_batch_are_no_names(studio: Studio, name: str) -> None:
    """A run has a folder of its name beside them."""
    with pytest.raises(PlanInvalid, match=f"no plan can be named '{name}'"):
        members_of([studio.plan(name=name)])


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_a_weight_is_a_number_above_zero(studio: Studio, weight: float) -> None:
    """Others are no shares."""
    with pytest.raises(ValueError, match="must be a number above 0"):
        Member(plan=studio.plan(), weight=weight)


def test_a_large_weight_is_a_share_too(studio: Studio, within: Within) -> None:
    """However large: nobody else is there."""

    async def main(here: World) -> None:
        assert (await batched(here, studio, [Member(plan=studio.plan(), weight=1e308)])).trained

    within(main)
