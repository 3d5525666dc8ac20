"""`call` and `generate`."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from bria_async.session import FAMILIES
from bria_async.sim import Simulator
from tests.cli.shell import ICONS, Shell
from tests.support import TOKEN, Recorder, parts, picture, recorder


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


@pytest.fixture
def server() -> Iterator[Recorder]:
    """A server that takes anything, in a thread of its own, because the command line brings its loop."""
    ready = threading.Event()
    found: list[Recorder] = []
    loops: list[asyncio.AbstractEventLoop] = []
    over = asyncio.Event()

    async def serve() -> None:
        async with recorder() as recording:
            found.append(recording)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10), "the server did not start"
        yield found[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(over.set)
        thread.join()


@pytest.fixture
def lone(server: Recorder, tmp_path: Path) -> Shell:
    """A shell that talks to that server, with an image in its folder."""
    (tmp_path / "a.png").write_bytes(b"image")
    return Shell(tmp_path, {"BRIA_BASE_URL": server.base_url, "BRIA_API_TOKEN": TOKEN})


IMAGE = base64.b64encode(b"image").decode()


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("editing.remove_background", "image=@a.png"), {"image": IMAGE}),
        (("editing.remove_background", "image=https://a/1.png"), {"image": "https://a/1.png"}),
        (("products.packshot", "file=https://a/1.png"), {"image_url": "https://a/1.png"}),
        (("editing.edit", "images=@a.png", "images=QUJD"), {"images": [IMAGE, "QUJD"]}),
        (("editing.edit", 'images=["QUJD", "QUJE"]', "images=@a.png"), {"images": ["QUJD", "QUJE", IMAGE]}),
        (
            ("products.lifestyle_shot_by_image", "ref_image_file=https://a/1.png", "ref_image_file=@a.png"),
            {"ref_image_urls": ["https://a/1.png"], "ref_image_file": [IMAGE]},
        ),
        (("products.lifestyle_shot_by_image", "shot_size=1000", "shot_size=800"), {"shot_size": [1000, 800]}),
        (("products.lifestyle_shot_by_image", "shot_size=[1000, 800]"), {"shot_size": [1000, 800]}),
        (("products.lifestyle_shot_by_image", "ref_image_urls=7"), {"ref_image_urls": ["7"]}),
        (
            (
                "products.lifestyle_shot_by_image",
                "manual_placement_selection=upper_left",
                "manual_placement_selection=bottom_left",
            ),
            {"manual_placement_selection": ["upper_left", "bottom_left"]},
        ),
        (("visuals.remove_objects", "visual_id=v", 'changes={"id": "1"}'), {"changes": [{"id": "1"}]}),
        (
            ("products.consistent_shots", "count=3", 'nested={"a": [1]}', "title=A = B", "wait=true", "no=null"),
            {"count": 3, "nested": {"a": [1]}, "title": "A = B", "wait": True, "no": None},
        ),
    ],
)
def test_values_of_every_kind_reach_the_server(
    arguments: tuple[str, ...], sent: dict[str, object], lone: Shell, server: Recorder
) -> None:
    """Files, addresses, arrays by repeating or as JSON, objects, and any field of what has no contract."""
    called = lone.run("call", *arguments)
    assert len(server.requests) == 1, called.err
    body = server.requests[0].json
    body.pop("sync", None)
    assert {name: body[name] for name in sent} == sent


def test_a_file_may_be_the_part_of_a_form(lone: Shell, server: Recorder) -> None:
    """@FILE streams where the API takes a form."""
    called = lone.run("call", "visuals.remove_background_isolated", "file=@a.png")
    assert called.code == 0, called.err
    (part,) = parts(server.requests[0])
    assert (part.get_filename(), part.get_payload(decode=True)) == ("a.png", b"image")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("editing.remove_background", "image=a.png"), "pathlib.Path"),
        (("editing.remove_background", "image=@missing.png"), "missing.png"),
        (("products.lifestyle_shot_by_image", "shot_size=wide"), "shot_size is not a JSON array"),
        (("products.lifestyle_shot_by_image", "shot_size=[1000"), "shot_size is not a JSON array"),
        (("products.lifestyle_shot_by_image", 'shot_size="1000"'), "shot_size must hold int, got str"),
        (("products.lifestyle_shot_by_image", "manual_placement_selection=top"), "must be one of 'upper_left'"),
        (("editing.remove_background", "image=QUJD", "wait=later"), "wait is true or false"),
        (("projects.list", "wait=true"), "takes no 'wait'"),
    ],
)
def test_what_is_no_value_is_one_sentence(
    arguments: tuple[str, ...], words: str, lone: Shell, server: Recorder
) -> None:
    """The name of a file without its @, half an array, an unknown word: nothing is sent."""
    refused = lone.run("call", *arguments)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert server.requests == []


def test_a_call_may_wait_for_its_job(lone: Shell, server: Recorder) -> None:
    """`wait=true` prints the answer with the result; without it the answer as it came."""
    done = {"status": "COMPLETED", "result": {"image_url": "https://a/1.png"}}
    server.answer = lambda seen: web.json_response(done if "status" in seen.path else {"request_id": "r1"})
    asked = ("call", "editing.remove_background", "image=@a.png")
    assert lone.run(*asked, "wait=false").json == {"request_id": "r1"}
    waited = lone.run(*asked, "wait=true")
    assert waited.json["result"] == {"image_url": "https://a/1.png"}, waited.out
    assert waited.json["request_id"] == "r1"
    assert "wait?: bool" in lone.run("call", "--list", "editing.remove_background").out


def test_a_zip_is_printed_as_its_size(lone: Shell, server: Recorder) -> None:
    """Bytes do not belong on a terminal."""
    server.answer = lambda _: web.Response(body=b"PK\x03\x04" + bytes(96), content_type="application/zip")
    called = lone.run("call", "visuals.generate_masks", "visual_id=v1")
    assert (called.code, called.json) == (0, {"content": "<100 bytes>"}), called.err


def test_every_operation_is_listed(shell: Shell) -> None:
    """`call --list` names every declared operation with its parameters; a beginning narrows it."""
    listed = shell.run("call", "--list").out
    declared = [endpoint.operation for family in FAMILIES.values() for endpoint in family.endpoints.values()]
    assert [name for name in declared if f"\n\n{name}  " not in f"\n\n{listed}"] == [], "all are there"
    assert shell.run("call", "--list", "jobs").out.startswith("jobs.status  GET /v2/status/{request_id}  (safe)"), "one"
    assert "rank?: int 4..256" in shell.run("call", "--list", "models.start").out, "ranges are stated"
    shots = shell.run("call", "--list", "products.lifestyle_shot_by_image").out
    assert "  file?: @FILE or base64 or address\n" in shots, "what an image may be"
    assert "  ref_image_file?: @FILE or base64 or address array\n" in shots, "and an array of them"
    assert "|center_horizontal (array)\n" in shots, "an array of words"
    assert "  file?: @FILE or address\n" in shell.run("call", "--list", "visuals.remove_background_iso").out, "a form"
    assert "  image_url?: str" in shots, "an address alone"
    assert "any field, as JSON or text" in shell.run("call", "--list", "products.consistent").out, "free fields"


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
