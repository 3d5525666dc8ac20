"""`simulate`: the simulated server, in a process of its own."""

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from bria_async.errors import ConfigurationError

from .work import Interrupted, run


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--state", type=Path, metavar="DIR", help="Keep the world here, over restarts and kills.")
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="Of its clock."
)
@click.option("--token-env", metavar="NAME", help="Accept only the token in this environment variable; else any.")
@click.option("--generation", default="all", metavar="A..E", help="Serve one generation of the documentation only.")
@click.option("--strict", is_flag=True, help="Refuse unknown fields.")
@click.option("--rate-limit", "rate_limits", type=click.IntRange(min=1), help="Requests an endpoint takes a minute.")
@click.option("--image-names", default="echo", metavar="WORD", help="echo, prefix or rewrite the names of images.")
@click.option("--max-images", type=click.IntRange(min=1), help="Images that a basic dataset holds.")
@click.option("--caption-delay", type=click.FloatRange(min=0), metavar="SECONDS", help="Until captions are there.")
@click.option("--training-time", type=click.FloatRange(min=0), metavar="SECONDS", help="How long a training runs.")
@click.option("--training-outcome", metavar="WORD", help="Completed, Failed or Stalled.")
@click.option("--complete-with-pending", metavar="WORD", help="accept or refuse while captions are missing.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End with whoever holds the other end of standard input.")
def simulate(
    *, host: str, port: int, state: Path | None, speed: float, token_env: str | None, until_eof: bool, **chosen: Any
) -> None:
    """Serve Bria's API, simulated, until Ctrl-C; prints the address and the line to type for clients."""
    from bria_async.sim import Clock, Options, serve  # slow to import

    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        options = Options(token=_token(token_env), **given)
    except ValueError as error:
        raise ConfigurationError(f"{error}.") from None

    def ready(base_url: str) -> None:
        click.echo(f"Simulator at {base_url}, its clock runs {speed:g} times as fast. Stop it with Ctrl-C.")
        shown = f'"${token_env}"' if token_env else "simulated"
        click.echo(f"export BRIA_BASE_URL={base_url} BRIA_API_TOKEN={shown}")
        sys.stdout.flush()

    if until_eof:
        threading.Thread(target=_end_at_eof, daemon=True).start()
    try:
        run(serve(host, port, options=options, clock=Clock(speed=speed), state=state, ready=ready))
    except OSError as error:
        taken = f"port {port} is taken; --port 0 takes a free one" if error.errno == errno.EADDRINUSE else None
        reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error
        raise ConfigurationError(f"The simulator cannot be served: {taken or reason}.") from None
    except Interrupted as error:
        raise click.exceptions.Exit(error.code) from None


def _token(name: str | None) -> str | None:
    if name is None:
        return None
    if not (token := os.environ.get(name)):
        raise ConfigurationError(f"The environment variable {name} holds no token.")
    return token


def _end_at_eof() -> None:
    """Whoever started this process is gone when its end of the pipe is."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
