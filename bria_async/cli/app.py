"""The command `bria-async` and its subcommands."""

import sys
import warnings
from collections import UserDict
from importlib import import_module
from typing import Any

import click

from .exits import Exit, Failure

COMMANDS = {
    "approve": ("runs", "Approve the captions of RUN, which waits for it with --review."),
    "call": ("call", "Call OPERATION, such as projects.list, and print its answer as JSON."),
    "caption": (
        "runs",
        "Have the caption of IMAGE, an id that `captions` lists, changed to TEXT while RUN's dataset is a draft.",
    ),
    "captions": ("runs", "List the captions of RUN's dataset, as the server has them."),
    "dashboard": (
        "dashboard",
        "Show all runs on web pages of this machine, live, until Ctrl-C; prints the address that opens them.",
    ),
    "generate": ("generate", "Generate an image of PROMPT with a trained MODEL, wait for it, and download it."),
    "inspect": ("inspect", "Look at the images in FOLDER before anything is paid for; no file is changed."),
    "repair": (
        "repair",
        "Rebuild the damaged or lost journal of RUN, or of a batch, from what is left of it and what the server holds.",
    ),
    "report": (
        "report",
        "Write what came of RUN, or of a batch, into one HTML file: images, samples, timeline, settings, events.",
    ),
    "resume": ("train", "Continue RUN, or all runs of a batch, with the plans they were started with."),
    "runs": ("runs", "List the runs: state, images, model and age; a batch is one line."),
    "schema": (
        "runs",
        "Give RUN's dataset the visual schema or caption prefix in FILE (- is the standard input) while it is a draft.",
    ),
    "show": (
        "runs",
        "Show RUN: its steps, ids, last events, and the next command; or a batch: its runs and their steps together.",
    ),
    "simulate": (
        "simulate",
        "Serve Bria's API, simulated, until Ctrl-C; prints the address and the line to type for clients.",
    ),
    "spec": ("spec", "Print the OpenAPI 3.1 document of what `simulate` serves, as JSON."),
    "stop": ("runs", "Ask whoever works on RUN to stop, and wait until it did."),
    "train": ("train", "Train a tailored model on the images in FOLDER, or one on each subfolder of a folder."),
    "verify": (
        "runs",
        "Compare journal, disk and server of RUN, or of a batch; nothing is changed. Exit code 1 when they differ.",
    ),
    "wait": ("call", "Wait for JOB, and print its result as JSON."),
    "watch": ("runs", "Watch RUN, or a batch, while others work on it, until they do no more."),
    "worker": (
        "worker",
        "Train what was handed over to a database, together with all its other workers, until it is stopped.",
    ),
}
"""Command -> its module, and the first paragraph of its help: the list of commands needs no more of them."""


class _Commands(UserDict[str, Any]):
    """The commands, each imported when it is asked for."""

    def __getitem__(self, name: str) -> click.Command:
        """The command of this name."""
        if isinstance(home := self.data[name], str):
            self.data[name] = getattr(import_module(f".{home}", __package__), name)
        command: click.Command = self.data[name]
        return command


class App(click.Group):
    """A group whose commands end in one sentence and a documented exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of the library have no traceback, unexpected ones keep theirs."""
        from bria_async.errors import BriaError

        from .work import Interrupted

        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except BriaError as error:
                failure = Failure.of(error)
            except Failure as found:
                failure = found
            except (KeyboardInterrupt, Interrupted) as signal:
                failure = Failure("Interrupted.", signal.code if isinstance(signal, Interrupted) else Exit.INTERRUPTED)
        click.echo(failure.message, err=True)
        raise click.exceptions.Exit(failure.code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, without importing them."""
        named = [click.Command(name, help=words) for name, (_, words) in COMMANDS.items()]
        click.Group(commands=named).format_commands(ctx, formatter)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    sys.stderr.write(f"warning: {message}\n")


@click.group(
    cls=App,
    commands=_Commands({name: home for name, (home, _) in COMMANDS.items()}),
    epilog="\b\nExit codes:\n" + "\n".join(f"{code:>5}  {code.words}" for code in Exit),
)
@click.version_option(package_name="bria-async")
def app() -> None:
    """Train tailored models with Bria's API, and call any operation of it.

    The token comes from BRIA_API_TOKEN or a file (--token-file), never from an argument. BRIA_BASE_URL names another
    server, such as the simulator; BRIA_STATE the folder where runs are kept; BRIA_DATABASE the database where workers
    share them.
    """
