"""`call` and `generate`."""

import json
from pathlib import Path

import pytest

from bria_async.session import FAMILIES
from bria_async.sim import Simulator
from tests.cli.shell import ICONS, Shell
from tests.support import picture


def test_values_are_read_by_their_types(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """Texts, numbers, booleans, files and arrays reach the server as what they are; answers are raw JSON."""
    project = shell.run("call", "projects.create", "project_name=A = B", "ip_type=icons", "ip_medium=illustration").json
    assert project["project_name"] == "A = B", project
    dataset = shell.run("call", "datasets.create", f"project_id={project['id']}", "name=7").json
    assert dataset["name"] == "7", "a text stays a text"
    (pictures / "small.png").write_bytes(picture(300, 300))
    upload = ("call", "images.upload", f"dataset_id={dataset['id']}", f"file=@{pictures / 'small.png'}")
    small = shell.run(*upload, "increase_resolution=false")
    assert (small.code, "1024" in small.err) == (5, True), "false is false, and the server refuses"
    image = shell.run(*upload, "increase_resolution=true").json
    listed = shell.run("call", "images.list", f"dataset_id={dataset['id']}")
    assert [item["id"] for item in listed.json] == [image["id"]], listed.out
    files = [f"images=@{path}" for path in sorted(pictures.iterdir())]
    assert json.loads(shell.run("call", "tailored.generate_visual_schema", *files).json["visual_schema"])
    gone = shell.run("call", "images.delete", f"dataset_id={dataset['id']}", f"image_id={image['id']}")
    assert (gone.code, gone.json) == (0, None), "an empty answer is null"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("project.list",), "Did you mean projects.list"),
        (("list",), "Did you mean"),
        (("projects.get",), "needs project_id"),
        (("projects.get", "project=1"), "Did you mean project_id?"),
        (("projects.get", "project_id"), "is not KEY=VALUE"),
        (("models.start_training", "model_id=1", "rank=x"), "rank is a number"),
        (("models.start_training", "model_id=1", "rank=1000"), "at most 256"),
        (("images.upload", "dataset_id=1", "increase_resolution=maybe"), "true or false"),
        (("images.upload", "dataset_id=1", "file=@nowhere.png"), "nowhere.png"),
    ],
)
def test_what_cannot_be_called_is_one_sentence(
    arguments: tuple[str, ...], words: str, shell: Shell, fast: Simulator
) -> None:
    """Unknown operations and parameters name the nearest ones, and nothing is sent."""
    refused = shell.run("call", *arguments)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert not fast.requests, "nothing was sent"


def test_every_operation_is_listed(shell: Shell) -> None:
    """`call --list` names every declared operation with its parameters; a beginning narrows it."""
    listed = shell.run("call", "--list").out
    declared = [endpoint.operation for family in FAMILIES.values() for endpoint in family.endpoints.values()]
    assert [name for name in declared if f"\n\n{name}  " not in f"\n\n{listed}"] == [], "all are there"
    assert shell.run("call", "--list", "jobs").out.startswith("jobs.status  GET /v2/status/{request_id}  (safe)"), "one"
    assert "rank?: int 4..256" in shell.run("call", "--list", "models.start").out, "ranges are stated"


def test_refusals_and_lost_answers_have_their_codes(shell: Shell, fast: Simulator) -> None:
    """A refusal is 5, a lost answer to a call that creates is 6 and is not repeated."""
    unknown = shell.run("call", "models.get", "model_id=999")
    assert (unknown.code, "models.get" in unknown.err) == (5, True), unknown.err
    fast.fail("projects.create", drop=True, when="after")
    lost = shell.run("call", "projects.create", "project_name=A", "ip_type=icons", "ip_medium=illustration")
    assert (lost.code, "look at the server" in lost.err) == (6, True), lost.err
    assert fast.counts["projects.create"] == 1, "it was sent once"


@pytest.mark.parametrize("family", ["fibo", "legacy"])
def test_an_image_is_generated(family: str, shell: Shell, fast: Simulator, pictures: Path) -> None:
    """`generate` waits for the image, puts it where it was told or under its prompt's name, and prints that path."""
    version = () if family == "fibo" else ("--training-version", "max")
    shell.train(pictures, *ICONS, "--family", family, *version)
    (model,) = fast.world.models
    old = () if family == "fibo" else ("--v1",)
    made = shell.run("generate", str(model), "A blue house", *old)
    assert made.code == 0, made.err
    path = Path(made.out.strip())
    assert (path.name, path.read_bytes()[:4]) == (f"{model}-a-blue-house.png", b"\x89PNG"), made.out
    chosen = shell.run("generate", str(model), "A blue house", *old, "-o", "house.png", "--seed", "7")
    assert (chosen.code, (shell.folder / "house.png").exists()) == (0, True), chosen.err


def test_a_lost_generation_was_perhaps_charged(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """When the answer to a generation is lost, the exit code is 6, and it is not sent again."""
    shell.train(pictures, *ICONS)
    (model,) = fast.world.models
    fast.fail("tailored.generate", drop=True, when="after")
    lost = shell.run("generate", str(model), "A blue house")
    assert (lost.code, "perhaps charged" in lost.err) == (6, True), lost.err
    assert fast.counts["tailored.generate"] == 1, fast.counts
    assert shell.run("generate", "999", "A blue house").code == 5, "a refusal is another thing"
