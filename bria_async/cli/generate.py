"""`generate`: one image by a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import BriaError, ConfigurationError, JobFailed
from bria_async.partfile import try_out

from .exits import Exit, Failure
from .flags import connection_of, session_flags
from .work import Interrupted, run

if TYPE_CHECKING:
    from bria_async.session import Session


@click.command()
@click.argument("model")
@click.argument("prompt")
@click.option(
    "--output", "-o", type=Path, metavar="FILE", help="Where to put the image; named by its prompt if not given."
)
@click.option("--seed", type=int, help="Draws the same again.")
@click.option("--aspect-ratio", metavar="W:H", help="Such as 16:9; the server's default is 1:1.")
@click.option("--v1", is_flag=True, help="By a model of the legacy or 2024 family.")
@session_flags
def generate(
    model: str,
    prompt: str,
    *,
    output: Path | None,
    seed: int | None,
    aspect_ratio: str | None,
    v1: bool,
    **connection: Any,
) -> None:
    """Generate an image of PROMPT with a trained MODEL, wait for it, and download it.

    A generation is charged and cannot be looked up: when its answer is lost, nothing is sent again, and the exit code
    is 6.
    """
    from .jobs import WaitingSession  # slow to import

    bria = WaitingSession(**connection_of(**connection))
    if output is not None:
        try:
            try_out(output)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"{output} cannot be written: {reason}. Nothing was sent.") from None

    async def work() -> Path:
        async with bria:
            url = await (_by_v1 if v1 else _by_v2)(bria, model, prompt, seed=seed, aspect_ratio=aspect_ratio)
            if output is not None:
                return await bria.download(url, output)
            from bria_async.training.samples import keep  # slow to import

            return await keep(bria, url, Path.cwd(), f"{model}-{prompt}")

    try:
        click.echo(run(work()))
    except (BriaError, Interrupted) as error:
        doubt = "Interrupted: if it was sent, it was perhaps charged."
        failure = bria.failure(error, doubt)
        charged = " It was perhaps charged." if failure.code is Exit.UNKNOWN else ""
        raise Failure(f"{failure.message}{charged}", failure.code) from error


async def _by_v2(bria: "Session", model: str, prompt: str, **how: Any) -> str:
    made = await bria.tailored.generate(tailored_model_id=model, prompt=prompt, sync=False, wait=True, **how)
    return made.address


async def _by_v1(bria: "Session", model: str, prompt: str, **how: Any) -> str:
    made = await bria.tailored.text_to_image(model, prompt=prompt, num_results=1, sync=False, wait=True, **how)
    if not made.urls:
        raise JobFailed("it was stopped by content moderation")
    return made.urls[0]
