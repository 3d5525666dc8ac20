"""`spec`: the OpenAPI document of what the simulator serves."""

import json
from pathlib import Path

import click


@click.command()
@click.option("-o", "--output", type=Path, metavar="FILE", help="Write it there instead of printing it.")
def spec(output: Path | None) -> None:
    """Print the OpenAPI 3.1 document of what `simulate` serves, as JSON."""
    from bria_async.images.target import target_of, write_whole  # slow to import, as below
    from bria_async.sim.spec import openapi

    to = None if output is None else target_of(output, ".json")
    text = json.dumps(openapi(), indent=2, ensure_ascii=False)
    if to is None:
        click.echo(text)
    else:
        write_whole(to, [f"{text}\n".encode()])
