"""What is to be trained, from folders, TOML files and flags."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from bria_async.errors import ConfigurationError, PlanInvalid
from bria_async.paths import expanded

if TYPE_CHECKING:
    from bria_async.training import Member, Plan

MANY = "plans"
"""The array of a TOML file that makes it a batch."""


@attrs.frozen
class Many:
    """The plans of a batch, and its name."""

    name: str
    members: "tuple[Member, ...]"

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of their runs."""
        return tuple(member.plan.run for member in self.members)


def plan_of(folder: str | None, file: Path | None, given: Mapping[str, Any]) -> "Plan":
    """The plan of a TOML file, with flags before what it says.

    Raises:
        PlanInvalid: it cannot be read.
        ConfigurationError: there is neither a folder nor a file that names one.
    """
    from bria_async.training import Plan  # slow to import

    data = (_read_toml(file) if file else {}) | _given(given)
    if folder is not None:
        data["images"] = folder
    if not data.get("images"):
        raise ConfigurationError("Name the folder of images: bria-async train FOLDER.")
    return Plan.of(_named(data))


def many_of(file: Path | None, each: Path | None, given: Mapping[str, Any]) -> Many | None:
    """The plans of a batch; None where the command names a single one.

    Args:
        file: a TOML file: what it says is said of all plans, unless one of its `[[plans]]` says otherwise.
        each: a folder whose subfolders are a plan each.
        given: flags, which come before what the file says; the name is that of the batch.

    Raises:
        PlanInvalid: with everything that is wrong with one of them.
        ConfigurationError: no subfolder has images, the folder has no name, or the file has plans of its own as well.
    """
    data = _read_toml(file) if file else {}
    found = data.pop(MANY, None)
    if each is None and found is None:
        return None
    if each is not None and found is not None:
        raise ConfigurationError(f"The plans are those of {file} or the subfolders of {each}, not both.")
    flags = _given(given)
    folder = _whole(each) if each else None
    names = [flags.pop("name", None), data.pop("name", None), folder.name if folder else file and file.stem]
    name = next(filter(None, names), None)
    if name is None:
        raise ConfigurationError(f"The folder {folder} has no name to call the batch by: give it one by --name.")
    if folder is not None:
        found = [{"images": str(inside), "name": inside.name} for inside in _with_images(folder)]
    return Many(str(name), _members(found, data, flags, file.parent if file else Path()))


def _members(found: Any, usual: Mapping[str, Any], flags: Mapping[str, Any], base: Path) -> "tuple[Member, ...]":
    from bria_async.training import Member, Plan  # slow to import

    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PlanInvalid("The plans cannot be read:", (f"{MANY!r} must be tables: [[{MANY}]]",))
    members: list[Member] = []
    problems: list[str] = []
    for number, own in enumerate(found, 1):
        data = _named({**usual, **_placed(own, base), **flags})
        try:
            weight = float(data.pop("weight", 1.0))
            members.append(Member(plan=Plan.of(data), weight=weight))
        except (TypeError, ValueError):
            problems.append(f"plan {number}: its weight must be a number above 0")
        except PlanInvalid as error:
            problems += [f"plan {number}: {problem}" for problem in error.problems]
    if problems:
        raise PlanInvalid("The plans cannot be read:", tuple(problems))
    return tuple(members)


def _with_images(folder: Path) -> Iterable[Path]:
    from bria_async.images.formats import is_image_name  # slow to import

    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        found = [path for path in inside if any(is_image_name(file.name) for file in path.iterdir())]
    except OSError as error:
        raise ConfigurationError(f"The folder {error.filename} cannot be listed: {error.strerror}.") from None
    if not found:
        raise ConfigurationError(f"No subfolder of {folder} has images.")
    return found


def _given(given: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given."""
    flags = {name: value for name, value in given.items() if value not in (None, ())}
    if given.get("expert"):
        flags["expert"] = _expert(given["expert"])
    return flags


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """The same with a name: by default that of the folder, or of the list of addresses."""
    if data.get("images"):
        images = _whole(Path(str(data["images"])))
        data.setdefault("name", images.stem if _is_file(images) else images.name)
    return data


def _is_file(path: Path) -> bool:
    """Whether it is a file; what the system cannot even look for is told when the plan is looked at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _whole(path: Path) -> Path:
    """The same from the root, without `..`, which is nobody's name; a link is called as it is typed."""
    path = expanded(path).absolute()
    return path.resolve() if ".." in path.parts else path


def _read_toml(file: Path) -> dict[str, Any]:
    """A plan's data; its folder of images is relative to the file."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else reason
        raise PlanInvalid(f"The plan {file} cannot be read:", (str(reason),)) from None
    return _placed(data, file.parent)


def _placed(data: dict[str, Any], base: Path) -> dict[str, Any]:
    if isinstance(images := data.get("images"), str):
        return {**data, "images": str(base / expanded(images))}
    return data


def _expert(pairs: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--expert")
        values[name.replace("-", "_")] = value
    return values
