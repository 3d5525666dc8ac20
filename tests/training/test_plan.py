"""Plans: what is refused before anything is created, and what is only said."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from PIL import Image, ImageFilter

from bria_async.errors import ImageError, PlanInvalid
from bria_async.images import inspect
from bria_async.images.captions import captions_of
from bria_async.images.folder import Scan
from bria_async.images.pictures import draw
from bria_async.images.probe import ImageFile
from bria_async.session import Session
from bria_async.training import Expert, Plan
from bria_async.training.fetching import look_at
from bria_async.wire.convert import structure
from tests.support import TOKEN


def image(number: int, **fields: Any) -> ImageFile:
    usual = {
        "path": Path(f"/pictures/{number}.png"),
        "key": f"{number}--{number:012x}.png",
        "sha256": f"{number:064x}",
        "size": 1000,
        "mtime_ns": 1,
        "format": "png",
        "width": 1024,
        "height": 1024,
    }
    return ImageFile(**{**usual, **fields})


SIX = Scan(images=tuple(image(number) for number in range(6)))
WORKS: dict[str, Any] = {"images": "/pictures", "name": "A", "ip_type": "stylized_scene", "ip_medium": "photography"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ip_type": "sculpture"}, "ip_type must be one of"),
        ({"ip_medium": "clay"}, "ip_medium must be one of"),
        ({"family": "gen9"}, "family must be one of"),
        ({"ip_type": None}, "ip_type is needed"),
        ({"ip_type": "defined_character", "ip_description": "x"}, "ip_name is needed"),
        ({"ip_type": "defined_character", "ip_name": "Lora"}, "ip_description is needed"),
        ({"ip_type": "object_variants", "ip_medium": "illustration"}, "ip_description is needed"),
        ({"ip_type": "icons"}, "only goes with ip_medium illustration"),
        ({"family": "2024"}, "use_case is needed"),
        ({"family": "2024", "use_case": "illustrative_style"}, "style_description is needed"),
        ({"expert": Expert(rank=8)}, "only accepted with training_mode expert"),
        ({"training_mode": "expert", "expert": Expert(rank=999)}, "rank must be at most 256"),
        ({"family": "legacy", "refine": "more blue"}, "refine needs the family fibo"),
        ({"family": "legacy", "ip_type": "other"}, "training_version is needed"),
        ({"training_version": "light"}, "is of the family legacy, the plan's is fibo"),
        ({"family": "legacy", "training_version": "fibo"}, "is of the family fibo, the plan's is legacy"),
        ({"upload": "zip"}, "name a place for it"),
        ({"samples": ("a", " ")}, "a sample's prompt is empty"),
        ({"name": "  "}, "the name is empty"),
    ],
)
def test_refused_beforehand(fields: dict[str, Any], sentence: str) -> None:
    """What cannot work is one sentence each, before anything is created."""
    with pytest.raises(PlanInvalid) as refused:
        Plan(**{**WORKS, **fields}).check(SIX, zip_host=False)
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems


@pytest.mark.parametrize(
    "fields",
    [{"training_version": "fibo-9"}, {"family": "legacy", "training_version": "3.2"}, {"training_version": "fibo"}],
)
def test_versions_that_fit_or_are_unknown(fields: dict[str, Any]) -> None:
    """A version of the plan's own family, or one that this library does not know, is sent."""
    assert Plan(**{**WORKS, **fields}).check(SIX, zip_host=False) is not None


@pytest.mark.parametrize(("family", "count", "works"), [("fibo", 4, False), ("fibo", 5, True), ("legacy", 1, True)])
def test_fewest_images(family: str, count: int, works: bool) -> None:
    """FIBO needs 5 images (published spec), legacy 1 (SEED 002)."""
    plan = Plan(**{**WORKS, "family": family})
    found = Scan(images=SIX.images[:count])
    if works:
        plan.check(found, zip_host=False)
    else:
        with pytest.raises(PlanInvalid, match="needs at least 5 images, 4 can be used"):
            plan.check(found, zip_host=False)


@pytest.mark.fault("F1")
def test_bad_images_stop_or_are_named() -> None:
    """A bad image stops the run before anything is created; with `skip` it is left out and named."""
    found = attrs.evolve(SIX, problems=(ImageError("is a text, not an image", "/pictures/x.png"),))
    with pytest.raises(PlanInvalid, match="is a text, not an image"):
        Plan(**WORKS).check(found, zip_host=False)
    warnings = Plan(**WORKS, on_bad_image="skip").check(found, zip_host=False)
    assert any("is a text, not an image" in warning.words for warning in warnings), warnings


def test_word_counts_are_said_not_refused() -> None:
    """The documentation's own example breaks its word counts: a warning before anything is created."""
    fields = {"ip_type": "defined_character", "ip_name": "One Two Three Four", "ip_description": "a " * 9}
    warnings = Plan(**{**WORKS, **fields}).check(SIX, zip_host=False)
    assert [warning for warning in warnings if "ip_name has 4 words" in warning.words], warnings
    assert [warning for warning in warnings if "ip_description has 9 words" in warning.words], warnings


@pytest.mark.fault("F3")
def test_resolution_follows_the_plan() -> None:
    """256 pixels are enough where the server enlarges, 1024 are needed where it may not."""
    assert Plan(**WORKS).limits.min_side == 256
    assert Plan(**WORKS, increase_resolution=False).limits.min_side == 1024


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"images": "/p", "name": "A", "colour": "red"}, "there is no field 'colour'"),
        ({"name": "A"}, "'images' is missing"),
        ({"images": "/p", "name": "A", "expert": 7}, "expert"),
    ],
)
def test_unreadable_data(data: dict[str, Any], sentence: str) -> None:
    """TOML data that is no plan is refused with the field's name."""
    with pytest.raises(PlanInvalid) as refused:
        Plan.of(data)
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems


def test_journal_keeps_the_plan() -> None:
    """A plan comes back from JSON as it was."""
    plan = Plan(**WORKS, samples=("a", "b"), training_mode="expert", expert=Expert(rank=8), sample_seed=3)
    assert Plan.of(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("name", "run"), [("Lora!", "lora"), ("  Ünïcode Näme ", "ünïcode-näme"), ("../../etc", "etc"), ("///", "run")]
)
def test_run_id_is_a_folder_name(name: str, run: str) -> None:
    """The run's id is its name as a folder can carry it, and leads nowhere else."""
    assert Plan(**{**WORKS, "name": name}).run == run


async def test_a_plan_tells_what_inspect_tells(tmp_path: Path) -> None:
    """The same warnings and infos in the same words: each by itself, beside the others, and the expected time."""
    draw(tmp_path, 5)
    with Image.open(tmp_path / "lora-001.png") as picture:
        picture.convert("RGB").save(tmp_path / "again.jpg", quality=60)
        picture.convert("RGB").rotate(90).point(lambda value: value // 8).save(tmp_path / "dark.png")
        picture.convert("RGB").resize((2600, 1100)).rotate(180).save(tmp_path / "long.png")
    with Image.open(tmp_path / "lora-002.jpg") as picture:
        picture.filter(ImageFilter.GaussianBlur(5)).rotate(180).save(tmp_path / "soft.jpg")
    Image.new("RGB", (1024, 1024), "beige").save(tmp_path / "paper.png")
    plan = Plan(**{**WORKS, "images": tmp_path})
    async with Session(TOKEN) as session:
        found, _ = await look_at(session, plan, tmp_path)
        texts = await session.host.in_thread(captions_of, found.images)
    told = plan.check(found, zip_host=False, texts=texts, requests_per_minute=60)
    codes = {finding.code for finding in told}
    assert codes >= {"near-duplicate", "blurry", "dark", "blank", "odd-aspect", "time", "aspects"}, told
    assert told == (await inspect(tmp_path, requests_per_minute=60)).findings


async def test_captions_count_where_the_plan_says_so(tmp_path: Path) -> None:
    """A missing one is an error then, one that is said twice a warning; otherwise nothing is said of them."""
    draw(tmp_path, 5, captions=True)
    (tmp_path / "lora-002.txt").write_text((tmp_path / "lora-001.txt").read_text())
    plan = Plan(**{**WORKS, "images": tmp_path}, captions="files")
    async with Session(TOKEN) as session:
        found, _ = await look_at(session, plan, tmp_path)
    texts = captions_of(found.images)
    assert [one.code for one in plan.check(found, zip_host=False, texts=texts) if one.level == "warning"] == [
        "caption-twice"
    ]
    texts[found.images[3].path] = None
    with pytest.raises(PlanInvalid, match=r"lora-004\.jpg: no text file beside it, which captions=files needs"):
        plan.check(found, zip_host=False, texts=texts)
    assert not [one for one in plan.check(found, zip_host=False) if one.code.startswith("caption")]


def test_what_a_zip_would_refuse_is_left_out_where_the_plan_says_so() -> None:
    """Nothing enlarges it there; one by one the server does, but for 2024, where no page says so."""
    found = attrs.evolve(SIX, images=(*SIX.images, image(7, width=600)))
    ways: dict[str, dict[str, Any]] = {"each": {}, "zip": {"upload": "zip", "on_bad_image": "skip"}}
    sizes = {
        how: [(one.level, one.words) for one in Plan(**WORKS, **fields).check(found, zip_host=True) if one.files]
        for how, fields in ways.items()
    }
    assert sizes == {
        "each": [("warning", "600 x 1024 pixels: sides below 1024 are upscaled by the server")],
        "zip": [("warning", "600 x 1024 pixels: in a zip nothing enlarges it to 1024")],
    }
    with pytest.raises(PlanInvalid, match=r"7\.png: 600 x 1024 pixels: in a zip nothing enlarges it to 1024 \(leave"):
        Plan(**WORKS, upload="zip").check(found, zip_host=True)
    plan = Plan(images="/pictures", name="A", family="2024", use_case="illustrative_style", style_description="soft")
    (unknown,) = [one for one in plan.check(found, zip_host=False) if one.files]
    assert unknown.words.endswith("for family 2024 is unknown"), unknown


def test_an_image_of_an_older_journal_has_no_address() -> None:
    """It loads as it was; an address is in the journal, and in nothing that is shown of an image."""
    older = {"path": "a.png", "key": "a--0.png", "sha256": "0", "size": 1, "mtime_ns": 1, "format": "png"}
    image = structure({**older, "width": 9, "height": 9}, ImageFile)
    assert image.url is None
    newer = structure({**older, "width": 9, "height": 9, "url": f"https://a/1?key={TOKEN}"}, ImageFile)
    assert newer.url is not None and TOKEN not in repr(newer)
