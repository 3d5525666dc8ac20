"""`generate`: one image by a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import JobFailed, RequestError

from .exits import Exit, Failure, exit_of
from .flags import session_flags, session_of
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

    async def work() -> Path:
        async with session_of(**connection) as bria:
            url = await (_by_v1 if v1 else _by_v2)(bria, model, prompt, seed=seed, aspect_ratio=aspect_ratio)
            if output is not None:
                return await bria.download(url, output)
            from bria_async.training.samples import keep  # slow to import

            return await keep(bria, url, Path.cwd(), f"{model}-{prompt}")

    try:
        click.echo(run(work()))
    except Interrupted as error:
        raise Failure("Interrupted: if it was sent, it was perhaps charged.", error.code) from None
    except RequestError as error:
        if exit_of(error) is not Exit.UNKNOWN:
            raise
        raise Failure(f"{error} It was perhaps charged.", Exit.UNKNOWN) from error


async def _by_v2(bria: "Session", model: str, prompt: str, **how: Any) -> str:
    submission = await bria.tailored.generate(tailored_model_id=model, prompt=prompt, sync=False, **how)
    click.echo(f"accepted as {submission.request_id}", err=True)
    result = await bria.jobs.wait(submission)
    if result.image_url is None:
        raise JobFailed("it has no image", submission.request_id)
    return result.image_url


async def _by_v1(bria: "Session", model: str, prompt: str, **how: Any) -> str:
    images = await bria.tailored.text_to_image(model, prompt=prompt, num_results=1, sync=False, **how)
    click.echo(f"accepted: {', '.join(images.urls)}", err=True)
    ready = await bria.jobs.wait(images)
    if not ready.urls:
        raise JobFailed("it was stopped by content moderation")
    return ready.urls[0]
