"""`spec`: the OpenAPI document of what the simulator serves."""

import json
from pathlib import Path

import click

from bria_async.errors import ConfigurationError


@click.command()
@click.option("-o", "--output", type=Path, metavar="FILE", help="Write it there instead of printing it.")
def spec(output: Path | None) -> None:
    """Print the OpenAPI 3.1 document of what `simulate` serves, as JSON."""
    from bria_async.sim.spec import openapi  # slow to import

    text = json.dumps(openapi(), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror or error}.") from None
