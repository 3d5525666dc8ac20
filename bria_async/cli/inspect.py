"""`inspect`: what is to be known of a folder of images before anything is paid for."""

import asyncio
import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import attrs
import click

from bria_async.errors import ConfigurationError
from bria_async.types.trainings import Family

from .advice import typed
from .exits import Exit, Failure
from .flags import PLAN_HELP, json_flag, state_flag
from .screen import bar
from .tables import table
from .work import run as run_work

if TYPE_CHECKING:
    from bria_async.images import Finding, Inspection, Mended

HEAD = ("level", "finding", "files", "", "what")
STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}


@attrs.frozen
class Done:
    """What the command did."""

    inspection: "Inspection"
    sheet: Path | None
    mended: "Mended | None"

    @property
    def errors(self) -> "tuple[Finding, ...]":
        """What still keeps a training from its images: of copies, what was not mended."""
        copied = set(self.mended.copies) if self.mended else set()
        return tuple(one for one in self.inspection.of("error") if not one.files or not copied.issuperset(one.files))


@click.command()
@click.argument("folder", type=Path)
@click.option(
    "--family",
    type=click.Choice(get_args(Family)),
    default="fibo",
    show_default=True,
    help="Shape of the training that the images are for.",
)
@click.option(
    "--increase-resolution/--no-increase-resolution",
    default=None,
    help=PLAN_HELP["increase_resolution"],
)
@click.option("--recursive", is_flag=True, help="Look into the folders below, too.")
@click.option(
    "--requests-per-minute", type=click.FloatRange(min=0.1), help="Of the account, for the time that uploads take."
)
@click.option("--html", type=Path, metavar="FILE", help="Write a contact sheet: one HTML file with all images.")
@click.option("--fix-to", type=Path, metavar="DIR", help="Write mended copies into this folder, which must be empty.")
@click.option(
    "--background", default="white", show_default=True, metavar="COLOUR", help="What copies are flattened on."
)
@state_flag
@json_flag
def inspect(
    folder: Path,
    *,
    family: Family,
    increase_resolution: bool | None,
    recursive: bool,
    requests_per_minute: float | None,
    html: Path | None,
    fix_to: Path | None,
    background: str,
    state: Path | None,
    as_json: bool,
) -> None:
    """Look at the images in FOLDER before anything is paid for; no file is changed.

    Files that cannot be used, copies and pictures that look the same, what is small, blurry, dark, turned, transparent
    or otherwise unusual, the captions beside them, how many there are, how long they take, and what is different since
    the last run of FOLDER. Exit code 1 when there are errors; with --fix-to only when copies would have them, too.
    """
    from bria_async import images  # slow to import, as below
    from bria_async.images import mending
    from bria_async.training.earlier import images_of_last_run

    if html is not None:  # what keeps the command from its end is told before the work
        from bria_async.dashboard.sheet import write_sheet
        from bria_async.dashboard.templating import SUFFIX
        from bria_async.images.target import target_of

        html = target_of(html, SUFFIX)
    if fix_to is not None:
        to, _ = mending.target_of(fix_to, folder, background)
        if html is not None and html.resolve().is_relative_to(to.resolve()):
            raise ConfigurationError(f"The contact sheet cannot be in {to}: only copies go there.")

    async def work() -> Done:
        known = await asyncio.to_thread(images_of_last_run, folder, state)
        with bar("looking") as progress:
            found = await images.inspect(
                folder,
                family=family,
                increase_resolution=increase_resolution,
                recursive=recursive,
                requests_per_minute=requests_per_minute,
                progress=progress,
                known=known,
            )
        sheet = mended = None
        if html is not None:
            with bar("thumbnails") as progress:
                sheet = await write_sheet(found, html, progress=progress)
        if fix_to is not None:
            with bar("mending") as progress:
                mended = await mending.mend(found, fix_to, background=background, progress=progress)
        return Done(found, sheet, mended)

    done = run_work(work())
    if as_json:
        click.echo(json.dumps(facts_of(done), indent=2))
    else:
        _show(done, _flags(family, increase_resolution))
    if done.errors:
        raise Failure(_counted(len(done.errors), "error") + ".", Exit.FAILED)


def _flags(family: Family, increase_resolution: bool | None) -> str:
    """Those that a training needs to take the images for what they were taken for here."""
    shape = "" if family == "fibo" else f" --family {family}"  # what `train` takes them for by itself
    if increase_resolution is None:
        return shape
    return f"{shape} --{'' if increase_resolution else 'no-'}increase-resolution"


def _show(done: Done, flags: str) -> None:
    found = done.inspection
    rows = list(rows_of(found.findings))
    if not sys.stdout.isatty():
        table(HEAD, rows)
    else:
        from .terminal import coloured  # as above

        coloured(HEAD, rows, STYLES)
    numbers = ", ".join(_counted(len(found.of(level)), level) for level in ("error", "warning"))
    click.echo(f"{_counted(len(found.images), 'image')} of {printable(str(found.folder))} can be used: {numbers}.")
    if done.sheet is not None:
        click.echo(f"contact sheet: {printable(str(done.sheet))}")
    if (mended := done.mended) is not None:
        changed = f"{len(mended.changes):,} of them mended"
        click.echo(f"copies: {len(mended.copies):,} in {printable(str(mended.folder))}, {changed}")
        for what, number in _changes(mended):
            click.echo(f"  {what}: {number:,}")
        for problem in mended.problems:
            click.echo(f"  not mended: {printable(str(problem))}")
    ready = found.folder if done.mended is None else done.mended.folder
    if done.errors:
        return
    if any(image.path.parent != found.folder for image in found.images):
        click.echo("next: put the images into one folder, or train each folder by itself: train looks into none below")
    else:
        click.echo(typed(f"next: bria-async train {shlex.quote(printable(str(ready)))}{flags}"))


def rows_of(findings: "Iterable[Finding]") -> Iterator[Sequence[str]]:
    """A line for each kind of finding, with the words of its first; groups of files have lines of their own."""
    from bria_async.images.findings import by_kind  # slow to import

    for one in by_kind(findings):
        number = f"{len(one.files):,}" if one.files else ""
        yield one.level, one.code, number, printable(one.names), printable(one.words)


def _changes(mended: "Mended") -> list[tuple[str, int]]:
    done = [what for changes in mended.changes.values() for what in changes]
    return [(what, done.count(what)) for what in dict.fromkeys(done)]


def printable(text: str) -> str:
    """Words of files as a terminal may show them: what would move its cursor, or is no text, is escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def facts_of(done: Done) -> dict[str, Any]:
    """All that was found, as JSON."""
    found = done.inspection
    images = []
    for image in found.images:
        facts: dict[str, Any] = {
            "path": str(image.path),
            "sha256": image.sha256,
            "bytes": image.size,
            "format": image.format,
        }
        caption = found.captions.get(image.path)
        facts |= {"width": image.width, "height": image.height}
        facts |= {"caption": caption and caption.text, "caption_length": caption and caption.length}
        if image.measures is not None:  # 64 bits are more than numbers in JSON are sure to carry
            facts |= attrs.asdict(image.measures) | {"hash": [f"{half:016x}" for half in image.measures.hash]}
        images.append(facts)
    data: dict[str, Any] = {"folder": str(found.folder), "family": found.family, "images": images}
    data["findings"] = [
        {"level": one.level, "code": one.code, "words": one.words, "files": list(map(str, one.files))}
        for one in found.findings
    ]
    data["sheet"] = None if done.sheet is None else str(done.sheet)
    if (mended := done.mended) is not None:
        data["mended"] = {
            "folder": str(mended.folder),
            "copies": {str(source): str(copy) for source, copy in mended.copies.items()},
            "changes": {str(source): list(changes) for source, changes in mended.changes.items()},
            "problems": {problem.path: problem.message for problem in mended.problems},
        }
    return {**data, "exit": Exit.FAILED if done.errors else Exit.DONE}
