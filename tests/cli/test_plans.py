"""What is to be trained: one plan or many, from subfolders, TOML files and flags."""

from pathlib import Path

import pytest

from bria_async.cli.plans import Many, many_of, plan_of
from bria_async.errors import ConfigurationError, PlanInvalid

PLANS = """
name = "Studio"
family = "legacy"
training_version = "max"
ip_type = "icons"

[[plans]]
images = "cats"

[[plans]]
images = "dogs"
name = "Good dogs"
training_version = "light"
weight = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of two plans."""
    file = tmp_path / "studio.toml"
    file.write_text(PLANS)
    return file


def many(file: Path | None = None, each: Path | None = None, **given: object) -> Many:
    """The plans of a batch, which there is."""
    found = many_of(file, each, given)
    assert found is not None
    return found


def test_a_file_says_once_what_all_plans_share(file: Path) -> None:
    """A plan's own words come before the file's, its folder is relative to the file, its name is by default that."""
    found = many(file)
    cats, dogs = found.members
    assert (found.name, found.runs) == ("Studio", ("cats", "good-dogs"))
    assert (cats.plan.images, cats.plan.training_version, cats.weight) == (file.parent / "cats", "max", 1.0)
    assert (dogs.plan.family, dogs.plan.training_version, dogs.weight) == ("legacy", "light", 3.0)


@pytest.mark.parametrize("images", ["a\\u0000b", "a" * 300])
def test_a_path_that_nobody_can_look_for(file: Path, images: str) -> None:
    """It is refused with its plan, when that is looked at; the others of the batch are not touched."""
    file.write_text(PLANS.replace('"cats"', f'"{images}"\nname = "Cats"'))
    assert many(file).runs == ("cats", "good-dogs")


@pytest.mark.parametrize("own", ["", 'name = "Cats"'])
def test_a_home_folder_that_nobody_has(file: Path, own: str) -> None:
    """It is told in words, whether the plan has its name from there or not; so it is of a single plan."""
    file.write_text(PLANS.replace('"cats"', f'"~nobody-of-this-name/cats"\n{own}'))
    with pytest.raises(ConfigurationError, match="~nobody-of-this-name/cats cannot be used"):
        many(file)
    for folder, each in (("~nobody-of-this-name", None), (None, Path("~nobody-of-this-name"))):
        with pytest.raises(ConfigurationError, match="~nobody-of-this-name cannot be used"):
            assert many_of(None, each, {}) or plan_of(folder, None, {})


def test_flags_come_before_the_file(file: Path) -> None:
    """In every plan; the name is that of the batch, which is else that of the file."""
    found = many(file, training_version="3.2", name="Night")
    assert found.name == "Night"
    assert {member.plan.training_version for member in found.members} == {"3.2"}
    assert found.runs == ("cats", "good-dogs"), "it renames no run"
    file.write_text(PLANS.replace('name = "Studio"', ""))
    assert many(file).name == "studio"


def test_each_subfolder_with_images_is_a_plan(tmp_path: Path) -> None:
    """What is hidden, empty or no folder is passed over; a file says what all share."""
    for name in ("cats", "Dogs", ".hidden", "texts"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / ("a.txt" if name == "texts" else "a.png")).touch()
    (tmp_path / "all" / "b.png").touch()
    (tmp_path / "usual.toml").write_text('family = "legacy"\nweight = 2')
    found = many(tmp_path / "usual.toml", tmp_path / "all", ip_type="icons")
    assert (found.name, found.runs) == ("all", ("dogs", "cats"))
    assert {(member.plan.family, member.plan.ip_type, member.weight) for member in found.members} == {
        ("legacy", "icons", 2.0)
    }
    assert found.members[0].plan.images == tmp_path / "all" / "Dogs"


def test_a_folder_has_its_name_however_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From within it too; a link has its own, and the root has none."""
    inside = tmp_path / "studio" / "cats"
    inside.mkdir(parents=True)
    (inside / "a.png").touch()
    (tmp_path / "link").symlink_to("studio")
    monkeypatch.chdir(inside)
    for typed, name in (("..", "studio"), ("../../studio", "studio"), ("../.", "studio"), ("../../link", "studio")):
        found = many(each=Path(typed))
        assert (found.name, found.runs, found.members[0].plan.images) == (name, ("cats",), inside), typed
    assert many(each=tmp_path / "link").name == "link"
    assert (plan_of("../../studio/cats", None, {}).name, plan_of("../cats", None, {}).name) == ("cats", "cats")
    monkeypatch.chdir(tmp_path / "studio")
    assert (plan_of(".", None, {}).name, plan_of("cats/..", None, {}).name) == ("studio", "studio")
    with pytest.raises(ConfigurationError, match="The folder / has no name"):
        many(each=Path("/"))


def test_a_command_of_one_plan_is_no_batch(tmp_path: Path) -> None:
    """Neither a folder nor a file without `[[plans]]` makes one."""
    (tmp_path / "plan.toml").write_text('images = "cats"')
    assert many_of(tmp_path / "plan.toml", None, {}) is None
    assert many_of(None, None, {}) is None


def test_all_that_is_wrong_is_told_at_once(file: Path) -> None:
    """Each problem with the number of its plan."""
    file.write_text("[[plans]]\nimages = 'a'\nweight = 0\n[[plans]]\nname = 'x'\ncolour = 1\n")
    with pytest.raises(PlanInvalid) as found:
        many(file)
    assert found.value.problems == (
        "plan 1: its weight must be a number above 0",
        "plan 2: there is no field 'colour'",
        "plan 2: 'images' is missing",
    )
    file.write_text("plans = 3")
    with pytest.raises(PlanInvalid, match="must be tables"):
        many(file)
    file.write_bytes(b"images = 'caf\xe9'")
    with pytest.raises(PlanInvalid, match="it is not UTF-8"):
        many(file)
    file.unlink()
    with pytest.raises(PlanInvalid, match=r"  - No such file or directory"):
        many(file)


def test_what_no_batch_can_be_made_of(file: Path) -> None:
    """No images anywhere, no folder, and plans from two places."""
    with pytest.raises(ConfigurationError, match="No subfolder of"):
        many(each=file.parent)
    with pytest.raises(ConfigurationError, match="cannot be listed"):
        many(each=file.parent / "nowhere")
    with pytest.raises(ConfigurationError, match="not both"):
        many(file, file.parent)
