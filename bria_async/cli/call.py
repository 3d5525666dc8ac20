"""`call`: any declared operation by its name; `wait`: for the job that one began."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bria_async.errors import BriaError, InvalidParameter

from .exits import Failure
from .flags import connection_of, session_flags
from .operations import listing, operation
from .values import values_of
from .work import Interrupted, run

if TYPE_CHECKING:
    from bria_async.types.jobs import GeneratedImages
    from bria_async.wire import Endpoint


@click.command()
@click.argument("name", metavar="[OPERATION]", required=False)
@click.argument("assignments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--list", "listed", is_flag=True, help="List the operations whose name begins with OPERATION.")
@click.option("--strict/--no-strict", default=True, help="Check documented ranges before sending.")
@session_flags
def call(name: str | None, assignments: tuple[str, ...], *, listed: bool, strict: bool, **connection: Any) -> None:
    """Call OPERATION, such as projects.list, and print its answer as JSON.

    Values are read by the parameter's type: numbers, true and false, objects as JSON, arrays as JSON or by repeating
    the key, and @FILE for an image, within JSON too. A call that creates or bills is sent once.
    """
    if listed or name is None:
        click.echo(listing(name or ""))
        return
    from .jobs import WaitingSession  # slow to import

    endpoint = operation(name)
    values = values_of(endpoint, assignments)
    bria = WaitingSession(**connection_of(**connection), strict=strict)

    async def work() -> Any:
        family, method = endpoint.operation.split(".")
        async with bria:
            return await getattr(getattr(bria, family), method)(**values)

    try:
        answer = run(work())
    except InvalidParameter as error:
        failure = Failure.of(error)
        says_what_to_type = "@FILE" in failure.message
        if strict and not says_what_to_type and _would_go(endpoint, values):
            failure.message += " --no-strict sends values as given."
        raise failure from None
    except (BriaError, Interrupted) as error:
        doubt = "Interrupted." if endpoint.safe else "Interrupted: if it was sent, it may have taken effect."
        raise bria.failure(error, doubt) from None
    _print(answer, endpoint.operation)


@click.command()
@click.argument("job", nargs=-1, required=True)
@session_flags
def wait(job: tuple[str, ...], **connection: Any) -> None:
    """Wait for JOB, and print its result as JSON.

    JOB is the request id of an accepted call, or the addresses of the images of an older one, which fill in later.
    """
    from .jobs import WaitingSession  # slow to import

    found = _job(job)
    bria = WaitingSession(**connection_of(**connection))
    bria.job = job

    async def work() -> Any:
        async with bria:
            return await bria.jobs.wait(found)

    try:
        answer = run(work())
    except (BriaError, Interrupted) as error:
        raise bria.failure(error, "Interrupted.") from None
    _print(answer, "jobs.wait")


def _would_go(endpoint: "Endpoint", values: dict[str, Any]) -> bool:
    """Whether nothing but the check of what is documented keeps these values from being sent."""
    given = {name: value for name, value in values.items() if name not in endpoint.own}
    return _is_refused(endpoint, given, strict=True) and not _is_refused(endpoint, given, strict=False)


def _is_refused(endpoint: "Endpoint", values: dict[str, Any], *, strict: bool) -> bool:
    try:
        endpoint.call(values, strict=strict)
    except InvalidParameter:
        return True
    return False


def _job(words: tuple[str, ...]) -> "str | GeneratedImages":
    """What `jobs.wait` takes, by the words for it."""
    from bria_async.types.common import is_address  # slow to import
    from bria_async.types.jobs import GeneratedImages  # as above
    from bria_async.wire.convert import structure  # as above

    if all(map(is_address, words)):
        images: GeneratedImages = structure({"result": [{"urls": [url]} for url in words]}, GeneratedImages)
        return images
    if len(words) > 1:
        raise click.UsageError("JOB is one request id, or addresses of images.")
    return words[0]


# --- answers ------------------------------------------------------------------------------------------------------


def _print(answer: Any, operation: str) -> None:
    """Print an answer as JSON; bytes in it, such as a zip, go into a file, because they were paid for."""
    from bria_async.wire.convert import unstructure  # slow to import

    def plain(value: Any) -> str:
        return _kept(value, operation) if isinstance(value, bytes) else str(value)

    text = json.dumps(unstructure(answer), indent=2, ensure_ascii=False, default=plain)
    try:
        click.echo(text)
    except UnicodeEncodeError:  # a terminal of another encoding, or half a character from the server
        click.echo(json.dumps(json.loads(text), indent=2))


def _kept(content: bytes, operation: str) -> str:
    """The name of a new file with this content."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix=f"{operation}-", suffix=".zip", delete=False) as file:
        file.write(content)
    return file.name
