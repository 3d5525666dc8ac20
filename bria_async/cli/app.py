"""The command `bria-async` and its subcommands."""

import sys
import warnings
from typing import Any

import click

from bria_async.errors import BriaError

from .call import call, wait
from .exits import Exit, Failure
from .generate import generate
from .repair import repair
from .runs import approve, captions, runs, show, stop, verify, watch
from .simulate import simulate
from .spec import spec
from .train import resume, train
from .work import Interrupted
from .worker import worker


class App(click.Group):
    """A group whose commands end in one sentence and a documented exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of the library have no traceback, unexpected ones keep theirs."""
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


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    sys.stderr.write(f"warning: {message}\n")


@click.group(cls=App, epilog="\b\nExit codes:\n" + "\n".join(f"{code:>5}  {code.words}" for code in Exit))
@click.version_option(package_name="bria-async")
def app() -> None:
    """Train tailored models with Bria's API, and call any operation of it.

    The token comes from BRIA_API_TOKEN or a file (--token-file), never from an argument. BRIA_BASE_URL names another
    server, such as the simulator; BRIA_STATE the folder where runs are kept; BRIA_DATABASE the database where workers
    share them.
    """


for _command in (
    train,
    resume,
    worker,
    runs,
    show,
    watch,
    approve,
    captions,
    stop,
    verify,
    repair,
    generate,
    call,
    wait,
    simulate,
    spec,
):
    app.add_command(_command)
