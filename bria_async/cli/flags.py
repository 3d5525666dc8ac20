"""Flags that several commands share, and the values they stand for.

The flags of a plan and of settings are made from the fields of `Plan` and the defaults of `Settings` when a command
needs them: they are written down once, and `bria-async --help` need not import what trains.
"""

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click
from click.core import ParameterSource

from bria_async.errors import ConfigurationError

from .advice import carried

if TYPE_CHECKING:
    from bria_async.engines.postgres.database import Database
    from bria_async.session import Session
    from bria_async.training import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

PLAN_HELP: Mapping[str, str] = {
    "name": "Of the run and of what it makes, or of the batch; by default the folder's name.",
    "family": "Shape of the training.",
    "ip_type": "What the training preserves.",
    "ip_medium": "Medium of the images.",
    "ip_name": "Name of the IP, 1 to 3 words.",
    "ip_description": "Description of the IP, up to 6 words.",
    "project_description": "Free text on the project.",
    "training_version": "Base model; sent when given.",
    "training_mode": "Who chooses the training parameters.",
    "expert": "A training parameter, with --training-mode expert; repeat it.",
    "refine": "Instruction that refines the visual schema (fibo).",
    "captions": "Made by the server, or the text files beside the images.",
    "upload": "One by one, as one zip, or by their number.",
    "increase_resolution": "Let the server enlarge images below 1024 pixels.",
    "content_moderation": "Refuse what moderation stops.",
    "samples": "Prompt of a sample made with the trained model; repeat it.",
    "sample_aspect_ratio": "Of the samples.",
    "sample_seed": "Of the samples.",
    "use_case": "Of the dataset (family 2024).",
    "style_description": "Of the dataset (family 2024).",
    "review": "Wait for `approve` before the dataset is completed.",
    "on_bad_image": "What to do about an image that cannot be used.",
    "on_doubt": "What to do about a call that was perhaps charged.",
}
"""Field of the plan -> what its flag says."""

_NAMES = {"samples": "sample"}
"""Fields whose flags are repeated, in the singular."""


class Lazy(click.Command):
    """A command some of whose flags are made when it is used.

    Args:
        lazy: functions that make them.
        *args: as in click.
        **kwargs: as in click.
    """

    def __init__(self, *args: Any, lazy: tuple[Callable[[], list[click.Parameter]], ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """All flags, the shared ones behind the command's own."""
        own = super().get_params(ctx)
        return [*own[:-1], *(flag for make in self._lazy for flag in make()), *own[-1:]]


# --- the plan ---------------------------------------------------------------------------------------------------


@functools.cache
def plan_flags() -> list[click.Parameter]:
    """A flag for every field of a plan."""
    from bria_async.training.plan import Plan  # slow to import

    return [_flag(field) for field in attrs.fields(attrs.resolve_types(Plan)) if field.name != "images"]


@functools.cache
def how_flags() -> list[click.Parameter]:
    """Flags for the fields that may change when a run goes on."""
    from bria_async.training.plan import Plan  # slow to import

    return [_flag(field) for field in attrs.fields(attrs.resolve_types(Plan)) if field.metadata.get("how")]


def _flag(field: "attrs.Attribute[Any]") -> click.Option:
    from bria_async.training.plan import Expert, literals  # slow to import

    kind: Any = field.type
    name = _NAMES.get(field.name, field.name).replace("_", "-")
    given: dict[str, Any] = {"default": None, "help": PLAN_HELP[field.name]}
    if bool in (kind, *getattr(kind, "__args__", ())):
        return click.Option([f"--{name}/--no-{name}", field.name], **given)
    if words := literals(kind):
        return click.Option([f"--{name}", field.name], type=click.Choice(words), **given)
    if Expert in getattr(kind, "__args__", ()):
        return click.Option([f"--{name}", field.name], multiple=True, metavar="KEY=VALUE", **given)
    if int in getattr(kind, "__args__", ()):
        return click.Option([f"--{name}", field.name], type=int, **given)
    return click.Option([f"--{name}", field.name], multiple=field.name in _NAMES, metavar="TEXT", **given)


# --- settings ---------------------------------------------------------------------------------------------------

_ZIP_PUT_URL = "BRIA_ZIP_PUT_URL"


@functools.cache
def settings_flags() -> list[click.Parameter]:
    """Flags for how a process works on a run."""
    from bria_async.training import Settings  # slow to import

    usual = Settings()
    seconds: dict[str, Any] = {"type": click.FloatRange(min=0), "metavar": "SECONDS", "show_default": True}
    return [
        click.Option(["--output"], type=Path, help="Folder for samples; by default in the run's own folder."),
        click.Option(
            ["--uploads-at-once"],
            type=click.IntRange(1, 256),
            default=usual.uploads_at_once,
            show_default=True,
            help="Images on their way at once, of all runs together.",
        ),
        click.Option(
            ["--models-at-once"],
            type=click.IntRange(1),
            help="Runs of a batch under way at once, from project to samples; by default all.",
        ),
        click.Option(
            ["--settle"],
            help="From a lost answer to the look at the server; by default --timeout + 30.",
            **{**seconds, "show_default": False},
        ),
        click.Option(["--poll-start"], default=usual.training.start, help="First interval between looks.", **seconds),
        click.Option(["--poll-cap"], default=usual.training.cap, help="Longest interval between looks.", **seconds),
        click.Option(
            ["--training-timeout"],
            default=usual.training.timeout,
            help="How long a training is waited for; resume to wait longer.",
            **seconds,
        ),
        click.Option(
            ["--zip-url"],
            metavar="URL",
            help=f"Where the server fetches the zip; {_ZIP_PUT_URL} names where it is put.",
        ),
        click.Option(
            ["--zip-put-url-file"], type=Path, help=f"File that holds the URL to put the zip to, as {_ZIP_PUT_URL}."
        ),
    ]


def settings_of(
    *,
    state: Path | None,
    output: Path | None,
    uploads_at_once: int,
    models_at_once: int | None,
    settle: float | None,
    poll_start: float,
    poll_cap: float,
    training_timeout: float,
    zip_url: str | None,
    zip_put_url_file: Path | None,
) -> "Settings":
    """How a process works on a run, by its flags."""
    from bria_async.training import Settings  # slow to import

    usual = Settings()
    pace = {"start": poll_start, "cap": max(poll_start, poll_cap)}
    put = _secret(zip_put_url_file) if zip_put_url_file else os.environ.get(_ZIP_PUT_URL)
    return attrs.evolve(
        usual,
        state=state,
        output=output,
        uploads_at_once=uploads_at_once,
        models_at_once=models_at_once,
        settle=settle,
        training=attrs.evolve(usual.training, **pace, timeout=training_timeout),
        waiting=attrs.evolve(usual.waiting, **pace),
        zip_put_url=put or None,
        zip_url=zip_url,
    )


# --- where runs are, and where requests go -----------------------------------------------------------------------

state_flag = click.option(
    "--state", type=Path, metavar="DIR", callback=carried, help="Folder of the runs; also BRIA_STATE."
)
DATABASE = "BRIA_DATABASE"


def _database(context: click.Context, option: click.Parameter, url: str | None) -> "Database | None":
    """The database of an address; in commands that are printed it is repeated, unless that would tell a secret."""
    if not url:
        return None
    from bria_async.engines.postgres.database import Database  # slow to import

    database = Database(url)
    if is_typed(context, option):
        if database.has_secret:
            click.echo(f"warning: others can read what is typed; put the address into {DATABASE}", err=True)
        else:
            carried(context, option, url)
    return database


def is_typed(context: click.Context, option: click.Parameter) -> bool:
    """Whether a flag was typed, and not found in the environment."""
    return context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE


database_flag = click.option(
    "--database",
    envvar=DATABASE,
    metavar="URL",
    callback=_database,
    help=f"Where workers share runs, as postgresql://...; better in {DATABASE}, since others can read what is typed.",
)
on_failure_flag = click.option(
    "--on-failure",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    show_default=True,
    help="What a run of a batch that cannot go on means for the others.",
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def session_flags(command: Command) -> Command:
    """Flags for the session that a command opens; it gets them as keywords for `connection_of`."""
    for flag in (
        click.option(
            "--timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="For one request, its body included."
        ),
        click.option(
            "--attempts", type=click.IntRange(min=1), help="For a request that is safe to repeat, or never arrived."
        ),
        click.option(
            "--requests-per-minute", type=click.FloatRange(min=0.1), help="Of each endpoint, by the subscription."
        ),
        click.option("--base-url", metavar="URL", callback=carried, help="Another server; also BRIA_BASE_URL."),
        click.option(
            "--token-file",
            type=Path,
            callback=carried,
            help="File that holds the token (mode 0600), for BRIA_API_TOKEN.",
        ),
    ):
        command = flag(command)
    return command


def connection_of(
    *,
    token_file: Path | None,
    base_url: str | None,
    requests_per_minute: float | None,
    attempts: int | None,
    timeout: float | None,
) -> dict[str, Any]:
    """What a session is made of, by its flags.

    Raises:
        ConfigurationError: the file of the token cannot be read.
    """
    from bria_async.session import REQUEST_TIMEOUT  # slow to import
    from bria_async.wire.retry import RetryPolicy  # as above

    return {
        "token": _secret(token_file) if token_file else None,
        "base_url": base_url,
        "requests_per_minute": requests_per_minute,
        "retry": RetryPolicy() if attempts is None else RetryPolicy(attempts=attempts),
        "timeout": timeout or REQUEST_TIMEOUT,
    }


def taken(given: dict[str, Any]) -> tuple["Settings", dict[str, Any]]:
    """Settings and connection out of what was given; the rest remains."""
    settings = settings_of(**{name: given.pop(name) for name in _keywords(settings_of)})
    return settings, {name: given.pop(name) for name in _keywords(connection_of)}


def _keywords(function: Callable[..., Any]) -> list[str]:
    """The names of its keyword-only parameters."""
    parameters = inspect.signature(function).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]


def session_of(**connection: Any) -> "Session":
    """A session by its flags.

    Raises:
        ConfigurationError: there is no token, or the address is none.
    """
    from bria_async.session import Session  # slow to import

    return Session(**connection_of(**connection))


def _secret(file: Path) -> str:
    """What a file holds that others should not read."""
    try:
        if file.stat().st_mode & 0o077:
            click.echo(f"warning: others can read {file}; chmod 600 it", err=True)
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"The file {file} cannot be read: {reason}.") from None
