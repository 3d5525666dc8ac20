"""`call` and `generate`."""

import base64
import json
from pathlib import Path

import pytest
from aiohttp import web

from bria_async.session import FAMILIES
from bria_async.sim import Simulator
from tests.cli.shell import ICONS, Shell
from tests.support import Recorder, parts, picture


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
        (("models.start_training", "model_id=1", "rank=x"), "rank takes a whole number"),
        (("models.start_training", "model_id=1", "rank=1000"), "at most 256"),
        (("images.upload", "dataset_id=1", "increase_resolution=maybe"), "true or false"),
        (("images.upload", "dataset_id=1", "file=@nowhere.png"), "nowhere.png"),
        (("images.upload", "dataset_id=1", "file=@~nobody-of-this-name/a.png"), "there is no such home folder"),
    ],
)
def test_what_cannot_be_called_is_one_sentence(
    arguments: tuple[str, ...], words: str, shell: Shell, fast: Simulator
) -> None:
    """Unknown operations and parameters name the nearest ones, and nothing is sent."""
    refused = shell.run("call", *arguments)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert not fast.requests, "nothing was sent"


IMAGE = base64.b64encode(b"image").decode()
PLACE = {"x": 0, "y": 0, "width": 8, "height": 8}
PLACED = json.dumps({"image": "@a.png", "coordinates": PLACE})


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("editing.remove_background", "image=@a.png"), {"image": IMAGE}),
        (("editing.remove_background", "image=https://a/1.png"), {"image": "https://a/1.png"}),
        (("products.packshot", "file=https://a/1.png"), {"image_url": "https://a/1.png"}),
        (("editing.edit", "images=@a.png", "images=QUJD"), {"images": [IMAGE, "QUJD"]}),
        (("editing.edit", 'images=["QUJD", "QUJE"]', "images=@a.png"), {"images": ["QUJD", "QUJE", IMAGE]}),
        (
            ("products.lifestyle_shot_by_image", "ref_image_file=https://a/1.png", "ref_image_file=https://a/2.png"),
            {"ref_image_urls": ["https://a/1.png", "https://a/2.png"]},
        ),
        (("products.lifestyle_shot_by_image", "shot_size=1000", "shot_size=800"), {"shot_size": [1000, 800]}),
        (("products.lifestyle_shot_by_image", "shot_size=[1000, 800]"), {"shot_size": [1000, 800]}),
        (
            ("products.lifestyle_shot_by_image", "ref_image_urls=https://a/1.png"),
            {"ref_image_urls": ["https://a/1.png"]},
        ),
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
        (("editing.edit", 'images=["@a.png", "QUJE"]'), {"images": [IMAGE, "QUJE"]}),
        (
            ("products.integrate", "scene=@a.png", f"products=[{PLACED}]", f"products={PLACED}"),
            {"scene": IMAGE, "products": [{"image": IMAGE, "coordinates": PLACE}] * 2},
        ),
        (
            ("vehicles.generate_reflections", "image_url=https://a/1.png", 'masks={"body": "@a.png"}'),
            {"masks": {"body": IMAGE}},
        ),
        (
            ("products.consistent_shots", "image=@a.png", 'more={"deep": ["@a.png", "@@a", "a@b"]}', "by=@@a"),
            {"image": IMAGE, "more": {"deep": [IMAGE, "@a", "a@b"]}, "by": "@a"},
        ),
        (("products.consistent_shots", "id=007", "n=1_0", "not=NaN"), {"id": "007", "n": "1_0", "not": "NaN"}),
        (("editing.edit", "images=QUJD", "instruction=@home", "seed=-1"), {"instruction": "@home", "seed": -1}),
        (("models.start_training", "model_id=1", "learning_rate=1e-4", "rank=8"), {"learning_rate": 1e-4, "rank": 8}),
        (
            ("tailored.text_to_image", "model_id=1", 'guidance={"method": "canny", "image": "@a.png", "scale": 0.8}'),
            {
                "guidance_method_1": "controlnet_canny",
                "guidance_method_1_scale": 0.8,
                "guidance_method_1_image_file": IMAGE,
            },
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


def test_two_guidance_methods_go_as_an_array_or_by_repeating(lone: Shell, server: Recorder) -> None:
    """An array of two and the key given twice say the same."""
    server.answers({"result": []})
    (lone.folder / "edges.png").write_bytes(picture(64, 64))
    canny, depth = (json.dumps({"method": method, "image": "@edges.png"}) for method in ("canny", "depth"))
    call = ("call", "tailored.text_to_image", "model_id=1")
    for given in ((f"guidance=[{canny}, {depth}]",), (f"guidance={canny}", f"guidance={depth}")):
        called = lone.run(*call, *given)
        assert called.code == 0, called.err
    first, second = (request.json for request in server.requests)
    assert first == second
    assert (first["guidance_method_1"], first["guidance_method_2"]) == ("controlnet_canny", "controlnet_depth"), first


def test_an_id_keeps_its_zeros(lone: Shell, server: Recorder) -> None:
    """What is no number of JSON is a text where a text may be: an id is sent as it was typed."""
    for typed in ("007", "1_000", "7", "0x7"):
        lone.run("call", "projects.get", f"project_id={typed}")
    ends = [request.path.rsplit("/", 1)[1] for request in server.requests]
    assert ends == ["007", "1_000", "7", "0x7"], ends


def test_not_strict_is_advised_only_where_it_helps(lone: Shell, server: Recorder) -> None:
    """A documented range may be left by --no-strict; no id, what is no JSON and a file without @ may not."""
    wide = ("call", "models.start_training", "model_id=1", "rank=1000")
    refused = lone.run(*wide)
    assert refused.err.endswith("Nothing was sent. --no-strict sends values as given.\n"), refused.err
    assert server.requests == []
    server.answers({"id": 1})
    assert lone.run(*wide, "--no-strict").code == 0, "as advised"
    assert server.requests.pop().json["rank"] == 1000
    guidance = 'guidance={"method": "canny", "image": "https://a/1.png"}'
    for arguments in (
        ("models.get", "model_id=."),
        ("products.consistent_shots", "x=1e999"),
        ("tailored.text_to_image", "model_id=1", guidance, guidance),
        ("editing.remove_background", "image=a.png"),
    ):
        refused = lone.run("call", *arguments)
        assert (refused.code, "strict" in refused.err) == (2, False), refused.err
        assert "Nothing was sent" in refused.err, refused.err
    assert server.requests == []


def test_a_file_may_be_the_part_of_a_form(lone: Shell, server: Recorder) -> None:
    """@FILE streams where the API takes a form."""
    called = lone.run("call", "visuals.remove_background_isolated", "file=@a.png")
    assert called.code == 0, called.err
    (part,) = parts(server.requests[0])
    assert (part.get_filename(), part.get_payload(decode=True)) == ("a.png", b"image")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("editing.remove_background", "image=a.png"), "give a file as @FILE. Nothing was sent.\n"),
        (("editing.remove_background", "image=@missing.png"), "missing.png"),
        (("products.lifestyle_shot_by_image", "shot_size=wide"), "shot_size takes a whole number, not 'wide'"),
        (("products.lifestyle_shot_by_image", "shot_size=[1000"), "shot_size is not JSON"),
        (("products.lifestyle_shot_by_image", 'shot_size=["1000"]'), "shot_size[0] must be int, got str"),
        (("products.lifestyle_shot_by_image", "manual_placement_selection=top"), "must be one of 'upper_left'"),
        (("editing.remove_background", "image=QUJD", "wait=later"), "wait takes true or false"),
        (("projects.list", "wait=true"), "takes no 'wait'"),
        (("editing.remove_background", "image=@a.png", "image=QUJD"), "image is given twice"),
        (("editing.remove_background", "image=QUJD", "visual_id=1", "wiat=true"), "takes no 'visual_id'"),
        (("editing.remove_background", "image=QUJD", "wat=true"), "Did you mean wait?"),
        (("models.start_training", "model_id=1", "rank=1_0"), "rank takes a whole number, not '1_0'"),
        (("models.start_training", "model_id=1", "rank=+8"), "rank takes a whole number"),
        (("models.start_training", "model_id=1", "rank=010"), "rank takes a whole number"),
        (("models.start_training", "model_id=1", f"rank={'9' * 5000}"), "rank takes a whole number"),
        (("models.start_training", "model_id=1", "learning_rate=nan"), "learning_rate takes a number, not 'nan'"),
        (("visuals.remove_objects", "visual_id=v", "changes=1"), "changes takes a JSON object, not '1'"),
        (("products.consistent_shots", f"deep={'[' * 20_000}"), "deep is nested too deeply"),
        (("products.consistent_shots", "image=@missing.png"), "missing.png"),
        (("products.integrate", "scene=@a.png", 'products=[{"image": "a.png"}]'), "products[0]"),
        (("tailored.text_to_image", "model_id=1", "guidance=canny"), 'guidance takes {"method"'),
        (("tailored.text_to_image", "model_id=1", 'guidance={"method": "canny"}'), 'guidance takes {"method"'),
        (("tailored.text_to_image", "model_id=1", 'guidance={"method": 1, "image": "@a.png"}'), "guidance takes"),
        (
            ("tailored.text_to_image", "model_id=1", 'guidance={"method": "canny", "image": "@a.png", "size": 1}'),
            "guidance takes",
        ),
    ],
)
def test_what_is_no_value_is_one_sentence(
    arguments: tuple[str, ...], words: str, lone: Shell, server: Recorder
) -> None:
    """The name of a file without its @, half an array, an unknown word: nothing is sent."""
    refused = lone.run("call", *arguments)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert server.requests == []


def test_a_zip_is_kept_in_a_file(lone: Shell, server: Recorder) -> None:
    """Bytes do not belong on a terminal, and were paid for: they lie in a new file, whose name is printed."""
    zipped = b"PK\x03\x04" + bytes(96)
    server.answer = lambda _: web.Response(body=zipped, content_type="application/zip")
    called = lone.run("call", "visuals.generate_masks", "visual_id=v1")
    assert (called.code, called.json.keys()) == (0, {"content"}), called.err
    kept = Path(called.json["content"])
    assert (kept.parent, kept.read_bytes()) == (lone.folder, zipped), kept
    again = lone.run("call", "visuals.generate_masks", "visual_id=v1")
    assert again.json["content"] != called.json["content"], "nothing is overwritten"


def test_an_answer_is_printed_whatever_the_terminal_speaks(lone: Shell, server: Recorder) -> None:
    """Half a character in an answer costs nothing of it: it is printed as the escape that came."""
    server.answer = lambda _: web.Response(
        text='[{"id": 1, "name": "\\ud800 \u00e9"}]', content_type="application/json"
    )
    listed = lone.run("call", "datasets.list")
    assert (listed.code, "\\ud800" in listed.out) == (0, True), (listed.out, listed.err)
    assert listed.json[0]["id"] == 1, listed.out
    server.answers([{"id": 1, "name": "\u00e9"}])
    assert "\u00e9" in lone.run("call", "datasets.list").out, "others are printed as they are"


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
    nested = shell.run("call", "--list", "products.integrate").out
    assert "  products: array\n    image: @FILE or base64 or address\n    coordinates: object\n      x: int" in nested
    assert '  guidance?: {"method"' in shell.run("call", "--list", "tailored.text_to_image").out, "our own keyword"
    assert shell.run("call", "--list", "nothing").code == 2, "none begins so"
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


@pytest.mark.fault("N9")
def test_a_lost_generation_was_perhaps_charged(shell: Shell, fast: Simulator, pictures: Path) -> None:
    """When the answer to a generation is lost, the exit code is 6, and it is not sent again."""
    shell.train(pictures, *ICONS)
    (model,) = fast.world.models
    fast.fail("tailored.generate", drop=True, when="after")
    lost = shell.run("generate", str(model), "A blue house")
    assert (lost.code, "perhaps charged" in lost.err) == (6, True), lost.err
    assert fast.counts["tailored.generate"] == 1, fast.counts
    assert shell.run("generate", "999", "A blue house").code == 5, "a refusal is another thing"


def test_an_image_that_cannot_be_written_is_not_paid_for(shell: Shell, fast: Simulator) -> None:
    """Where it should go is tried out before anything is sent."""
    refused = shell.run("generate", "7", "A blue house", "-o", "away/house.png")
    words = "away/house.png cannot be written: No such file or directory. Nothing was sent.\n"
    assert (refused.code, refused.err) == (2, words), refused
    refused = shell.run("generate", "7", "A blue house", "-o", ".")
    words = ". cannot be written: what has this name is not a file. Nothing was sent.\n"
    assert (refused.code, refused.err) == (2, words), refused
    assert not fast.requests, fast.requests
