"""The demo: a simulator as a process of its own, and the command line that users use, as another.

`python -m bria_async.cli.demo --family fibo|legacy|2024 [--images DIR]`, or `make demo`. All it makes lies in `demo/`;
a demo that was killed goes on when it is started again the same way, a finished one makes room for the next.
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import click

from bria_async.dashboard.facts import facts_of, view_of
from bria_async.dashboard.figures import duration
from bria_async.errors import JournalError

from .exits import Exit

SPEED = 1800
"""How many times as fast as the wall the simulator's clock runs: a training of two hours takes four seconds."""
PACE = ("--poll-start", "0.2", "--poll-cap", "1", "--settle", "2")
"""As patient as that clock asks for."""
PICTURES = 8
"""How many are drawn where no folder is given."""
MOST_EACH = 200
"""Files beyond which a zip may be needed."""
START = 30.0
"""Seconds that the simulator gets to start."""

FAMILIES = ("fibo", "legacy", "2024")
OURS = ("defined_character", "illustration", "--ip-name", "Lora", "--ip-description", "purple hair with a star")
"""What the drawn pictures show."""
YOURS = ("stylized_scene", "photography")
"""What somebody's own images are taken for."""
PROMPTS = ("Lora reads a book on the moon", "Lora rides a bicycle")
YOUR_PROMPTS = ("a harbour in the morning", "a quiet street at night")


def _identity(family: str, *, own: bool) -> list[str]:
    """The flags that say what is trained."""
    if family == "2024":
        what = ["--use-case", "illustrative_style", "--style-description", "soft flat shapes"]
    else:
        kind, medium, *more = YOURS if own else OURS
        what = ["--ip-type", kind, "--ip-medium", medium, *more]
    prompts = YOUR_PROMPTS if own else PROMPTS
    return ["--family", family, *what, *(flag for prompt in prompts for flag in ("--sample", prompt))]


@attrs.frozen
class Demo:
    """What one demo is about, remembered in its folder so that it can go on after a kill."""

    family: str
    images: str
    """The folder of images; empty for drawn ones."""
    port: int
    run: str

    @property
    def base_url(self) -> str:
        """Where the simulator is; it is part of the run, hence always the same."""
        return f"http://127.0.0.1:{self.port}"


@attrs.frozen
class Folder:
    """The folder that a demo lies in."""

    path: Path

    @property
    def runs(self) -> Path:
        """The state folder of the command line."""
        return self.path / "runs"

    @property
    def samples(self) -> Path:
        """Where generated images go."""
        return self.path / "samples"

    @property
    def world(self) -> Path:
        """What the simulator keeps."""
        return self.path / "simulator"

    def begin(self, family: str, images: str) -> Demo:
        """Go on with an unfinished demo of the same kind, or begin anew."""
        note = self.path / "demo.json"
        known = Demo(**json.loads(note.read_text())) if note.exists() else None
        if known is not None and (known.family, known.images) == (family, images) and not self._is_over(known):
            click.echo(f"The demo {known.run} goes on where it stopped.")
            return known
        if known is not None:
            for made in (self.runs, self.samples, self.world):
                shutil.rmtree(made, ignore_errors=True)
        demo = Demo(family, images, _free_port(), f"demo-{family}")
        self.path.mkdir(exist_ok=True)
        note.write_text(json.dumps(attrs.asdict(demo)))
        return demo

    def _is_over(self, demo: Demo) -> bool:
        journal = self.runs / demo.run / "journal.db"
        try:
            return journal.exists() and view_of(journal, demo.run).state in ("done", "failed")
        except JournalError:
            return False

    def images_of(self, demo: Demo) -> Path:
        """The images to train on, drawn if none were given."""
        if demo.images:
            return Path(demo.images)
        pictures = self.path / "pictures"
        drawn = self.path / "pictures.drawn"
        if not drawn.exists():
            from bria_async.images.pictures import draw  # slow to import

            click.echo(f"Drawing {PICTURES} pictures into {pictures} ...")
            draw(pictures, PICTURES)
            drawn.touch()
        return pictures


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@contextlib.contextmanager
def _simulator(folder: Folder, demo: Demo, more: tuple[str, ...]) -> Iterator[None]:
    """A simulator that ends with this process, however that ends, but not by the terminal's Ctrl-C."""
    arguments = ("simulate", "--port", str(demo.port), "--speed", str(SPEED), "--state", str(folder.world))
    process = subprocess.Popen(  # noqa: S603  # our own command
        (*_PROGRAM, *arguments, *more, "--until-eof"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    click.echo(f"$ {_typed((*arguments, *more))} &")
    try:
        _wait_for(process, demo)
        yield
    finally:
        process.terminate()
        process.communicate()


def _wait_for(process: "subprocess.Popen[bytes]", demo: Demo) -> None:
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _state(demo)
            return
        time.sleep(0.05)
    raise click.ClickException(f"The simulator did not start at {demo.base_url}.")


def _state(demo: Demo) -> dict[str, Any]:
    """What the simulator counted."""
    with urllib.request.urlopen(f"{demo.base_url}/_sim/state", timeout=START) as answer:  # noqa: S310  # our own address
        state: dict[str, Any] = json.load(answer)
    return state


_PROGRAM = (sys.executable, "-m", "bria_async")


def _typed(arguments: tuple[str, ...]) -> str:
    """A command as a user types it."""
    return shlex.join(("bria-async", *arguments))


def _train(arguments: tuple[str, ...], environment: Mapping[str, str]) -> int:
    """Run the command line, and let it deal with Ctrl-C itself."""
    shown = " ".join(f"{name}={value}" for name, value in environment.items())
    click.echo(f"$ export {shown}\n$ {_typed(arguments)}\n")
    process = subprocess.Popen((*_PROGRAM, *arguments), env={**os.environ, **environment})  # noqa: S603  # our own command
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


@click.command()
@click.option("--family", type=click.Choice(FAMILIES), default="fibo", show_default=True)
@click.option("--images", type=click.Path(exists=True, file_okay=False), help="A folder of your own images.")
@click.option("--folder", type=Path, default=Path("demo"), show_default=True, help="Where all of it goes.")
def demo(family: str, images: str | None, folder: Path) -> None:
    """Train a tailored model against the simulator, offline."""
    begun = time.monotonic()
    home = Folder(folder)
    about = home.begin(family, str(Path(images).absolute()) if images else "")
    source = home.images_of(about)
    files = sum(entry.is_file() for entry in source.iterdir())
    larger: tuple[str, ...] = ()
    environment = {"BRIA_BASE_URL": about.base_url, "BRIA_API_TOKEN": "simulated", "BRIA_STATE": str(home.runs)}
    arguments = ["train", str(source), "--name", about.run, *_identity(family, own=bool(images))]
    arguments += ["--output", str(home.samples), *PACE]
    if images:
        arguments += ["--on-bad-image", "skip"]
    if files > MOST_EACH and family == "2024":
        click.echo(f"Datasets of 2024 take no zip: the simulator lets this one hold {files} images.")
        larger = ("--max-images", str(files))
        arguments += ["--upload", "each"]
    elif files > MOST_EACH:
        hosted = f"{about.base_url}/_sim/files/{about.run}.zip"
        click.echo("Beyond 200 images go as one zip, which the simulator hosts.")
        environment["BRIA_ZIP_PUT_URL"] = hosted
        arguments += ["--zip-url", hosted]
    with _simulator(home, about, larger):
        code = _train(tuple(arguments), environment)
        counts = _state(about)
    if code:
        begin_anew = code in (Exit.FAILED, Exit.USAGE)
        click.echo(f"\n{f'Remove {folder} to begin anew.' if begin_anew else 'The same command goes on.'}", err=True)
        sys.exit(code)
    _sum_up(home, about, counts, time.monotonic() - begun)


def _sum_up(home: Folder, about: Demo, state: Mapping[str, Any], seconds: float) -> None:
    from bria_async.training.place import Place  # slow to import

    place = Place.of(about.run, home.runs)
    facts = facts_of(place, view_of(place.source, about.run))
    counts = state["counts"]
    ids = ", ".join(f"{name} {facts[name]}" for name in ("project", "dataset", "model") if facts[name] is not None)
    simulate = ("simulate", "--port", str(about.port), "--speed", str(SPEED), "--state", str(home.world))
    samples = sorted(path for path in home.samples.iterdir() if path.is_file())
    click.echo(
        f"\nThe demo took {duration(seconds)}; {ids}.\n"
        f"The simulator accepted {counts.get('images.upload', facts['uploaded'])} images, "
        f"{counts['models.start_training']} training, {len(samples)} samples; "
        f"{'; '.join(state['twice']) or 'nothing twice'}.\n"
        f"Look at {', '.join(map(str, samples))}\n"
        f"Then serve that world again and look around:\n"
        f"  {_typed(simulate)} &\n"
        f"  export BRIA_BASE_URL={about.base_url} BRIA_API_TOKEN=simulated BRIA_STATE={home.runs}\n"
        f"  {_typed(('show', about.run))}"
    )


if __name__ == "__main__":
    demo()
