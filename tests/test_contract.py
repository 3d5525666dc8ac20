"""Every declared operation against the contract as data: what is sent, and what is refused before."""

import base64
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from bria_async.api.guidance import Guidance
from bria_async.errors import InvalidParameter
from bria_async.session import FAMILIES, Session
from bria_async.types.jobs import Submission
from bria_async.wire import Documented, Items, Polling, Range
from tests.support import (
    OLDER,
    TOKEN,
    PushedHost,
    Recorder,
    Request,
    contract,
    endpoint,
    perform,
    picture,
    reply,
    sample,
    samples,
)

OPERATIONS = sorted(contract())
UNCHECKED = {"training_version"}
"""Versions come and go with the years, so the client never refuses one (C14 of the contract)."""
OWN = {"wait", "guidance"}
"""Keywords of this library that the API does not know."""
FREE = {"products.contextual_keyword_extraction", "products.consistent_shots", "vehicles.shot_by_image"}
"""Operations that are announced without a contract."""
LATER = {"ads.generate"}
"""Operations without `sync` whose addresses fill in later all the same (public pages)."""
FORMS = {"visuals.remove_background_isolated", "visuals.increase_resolution_isolated"}


def rows_of(operation: str) -> dict[str, dict[str, Any]]:
    """The parameters of an operation by name."""
    return {row["name"]: row for row in contract()[operation]["params"]}


def expected_path(operation: str, values: dict[str, Any]) -> str:
    """The path of the contract with the values in it."""
    return str(contract()[operation]["path"]).format_map(values)


def by_place(operation: str, place: str, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that belong into the query, or the body."""
    return {name: values[name] for name, row in rows_of(operation).items() if row["in"] == place and name in values}


def as_text(value: Any) -> str:
    """A value in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest, server: Recorder) -> str:
    """One operation after the other, answered with its recorded reply."""
    name: str = request.param
    answered(server, name)
    return name


def answered(server: Recorder, name: str) -> None:
    """Let the server answer with the recorded reply of an operation."""
    recorded = reply(name)
    if recorded["status"] == 204 or recorded["body"] is None:
        server.answer = lambda _: web.Response(status=recorded["status"])
    else:
        server.answers(recorded["body"], recorded["status"])


def test_the_session_declares_exactly_the_operations_of_the_contract() -> None:
    """No operation is missing, and none is invented."""
    names = {endpoint.operation for family in FAMILIES.values() for endpoint in family.endpoints.values()}
    assert names == set(OPERATIONS)
    assert len(names) == 133


EFFECTS = {
    "findable": """
        projects.create datasets.create datasets.clone images.upload images.bulk_upload models.create models.upload
        models.start_training""",
    "cheap": """
        tailored.generate_prefix tailored.generate_visual_schema tailored.refine_structured_prompt
        tailored.generate_structured_prompt generation.generate_structured_prompt
        generation.generate_structured_prompt_lite generation.generate_structured_prompt_from_diff
        editing.generate_structured_instruction search.caption""",
    "billed": """
        tailored.text_to_image tailored.text_to_vector tailored.reimagine tailored.restyle_portrait tailored.generate
        tailored.image_to_video generation.text_to_image_base generation.text_to_image_fast
        generation.text_to_image_hd generation.generate generation.generate_lite editing.edit
        editing.add_object_by_text editing.blend editing.blur_background editing.colorize editing.crop_foreground
        editing.enhance editing.erase editing.erase_by_text editing.erase_foreground editing.expand editing.gen_fill
        editing.increase_resolution editing.relight editing.remove_background editing.replace_background
        editing.replace_object_by_text editing.reseason editing.restore editing.restyle editing.rewrite_text
        editing.sketch_to_colored_image products.contextual_keyword_extraction products.cutout
        products.lifestyle_shot_by_image products.lifestyle_shot_by_text products.packshot products.shadow
        products.consistent_shots products.cutout_v2 products.integrate vehicles.apply_effect
        vehicles.generate_reflections vehicles.harmonize vehicles.refine_tires vehicles.segment
        vehicles.shot_by_image vehicles.shot_by_text visuals.remove_background_isolated
        visuals.replace_background_isolated visuals.increase_resolution_isolated visuals.blur_background
        visuals.remove_background visuals.generate_campaign visuals.modify_presenter visuals.crop visuals.expand
        visuals.to_psd visuals.increase_resolution visuals.generate_masks visuals.remove_objects
        visuals.replace_background video.erase video.green_screen video.increase_resolution video.remove_background
        video.replace_background video.foreground_mask video.mask_by_key_points video.mask_by_prompt ads.generate
        attribution.by_image attribution.by_image_embedding attribution.by_video attribution.by_video_embedding""",
}
HARMLESS = {"models.stop_training", "visuals.register", "visuals.remove", "video.upload"}
"""POSTs that set a state or cost nothing: registering again answers the same id, an address to upload to is free."""


def test_what_creates_or_costs_is_declared_so() -> None:
    """The effect decides whether a call may be sent again: no creating or billed one passes for safe."""
    for effect, names in EFFECTS.items():
        assert {name for name in OPERATIONS if endpoint(name).effect == effect} == set(names.split()), effect
    unsafe = {name for names in EFFECTS.values() for name in names.split()}
    posts = {name for name in OPERATIONS if contract()[name]["method"] == "POST"}
    assert posts - unsafe == HARMLESS
    assert unsafe <= posts


@pytest.mark.parametrize("name", OPERATIONS)
def test_signatures_are_those_of_the_contract(name: str) -> None:
    """Ids in the path are positional, all else is keyword-only, and optional where the contract says so."""
    family, method = name.split(".")
    signature = inspect.signature(getattr(FAMILIES[family], method))
    rows = rows_of(name)
    found = {item.name: item for item in list(signature.parameters.values())[1:] if item.name not in OWN}
    free = {item.name for item in found.values() if item.kind is inspect.Parameter.VAR_KEYWORD}
    assert bool(free) is (name in FREE)
    assert set(found) - free == set(rows)
    for item in (found[name] for name in rows):
        row = rows[item.name]
        positional = item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert positional is (row["in"] == "path"), f"{item.name} is {item.kind}"
        assert positional or item.kind is inspect.Parameter.KEYWORD_ONLY, f"{item.name} is {item.kind}"
        expected = inspect.Parameter.empty if row["required"] else None
        if item.name == "sync":
            expected = row["default"]
        assert item.default is expected, f"{item.name} has the default {item.default!r}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_takes_its_time_can_be_waited_for(name: str) -> None:
    """`wait` is the last keyword of v2 jobs, of what fills in later, and of what is still being onboarded (205)."""
    family, method = name.split(".")
    own = [item.name for item in inspect.signature(getattr(FAMILIES[family], method)).parameters.values()]
    later = endpoint(name).answer is Submission or "sync" in rows_of(name) or name in LATER
    takes_time = later or "205" in contract()[name]["responses"]
    assert (own[-1] == "wait") is takes_time
    assert set(own) & OWN == set(endpoint(name).own)


@pytest.mark.parametrize("name", OPERATIONS)
def test_annotations_state_the_limits_of_the_contract(name: str) -> None:
    """Enums, ranges and counts of the contract stand in the annotations, value for value, and no others do."""
    for row in contract()[name]["params"]:
        parameter = endpoint(name).by_name[row["name"]]
        assert parameter.place == row["in"], row["name"]
        documented = parameter.fact(Documented)
        stated = documented.values if documented else parameter.enum
        if row["name"] in UNCHECKED:
            assert set(row["enum"]) <= set(stated), f"{row['name']}: {stated}"
        else:
            assert set(stated) == set(row.get("enum", ())), f"{row['name']}: {stated}"
        bounds, count = parameter.fact(Range) or Range(), parameter.fact(Items) or Items()
        assert (bounds.minimum, bounds.maximum) == (row.get("min"), row.get("max")), f"{row['name']}: {bounds}"
        assert (count.minimum, count.maximum) == (row.get("min_items"), row.get("max_items")), f"{row['name']}: {count}"


async def test_all_parameters_reach_the_socket(operation: str, server: Recorder) -> None:
    """With everything given, method, path, query, body and its type are those of the contract."""
    values = samples(operation)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, operation, values)
    (seen,) = server.requests
    assert seen.method == contract()[operation]["method"]
    assert seen.path == expected_path(operation, values)
    assert seen.query == {name: as_text(value) for name, value in by_place(operation, "query", values).items()}
    assert seen.fields == by_place(operation, "body", values)
    if any(row["in"] == "body" for row in rows_of(operation).values()):
        expected = "multipart/form-data" if operation in FORMS else "application/json"
        assert seen.headers["content-type"].partition(";")[0] == expected
    assert seen.headers["api_token"] == TOKEN


async def test_omitted_parameters_are_absent(operation: str, server: Recorder) -> None:
    """With only the required ones given nothing else is sent, except `sync`, which always is."""
    values = samples(operation, required_only=True)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, operation, values)
    (seen,) = server.requests
    rows = rows_of(operation)
    always = {"sync": rows["sync"]["default"]} if "sync" in rows else {}
    assert seen.path == expected_path(operation, values)
    assert seen.query == {name: as_text(value) for name, value in by_place(operation, "query", values).items()}
    assert seen.fields == {**always, **by_place(operation, "body", values)}


@pytest.mark.parametrize("name", ["models.stop_training", "images.regenerate_captions", "visuals.remove"])
async def test_what_has_no_body_claims_no_type_of_one(name: str, server: Recorder) -> None:
    """A POST or PUT without parameters beyond its path sends nothing, and does not call it bytes."""
    answered(server, name)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, samples(name))
    (seen,) = server.requests
    assert seen.body == b""
    assert "content-type" not in seen.headers, seen.headers["content-type"]


@pytest.mark.parametrize("name", sorted(FORMS))
async def test_a_form_without_a_file_is_urlencoded(name: str, server: Recorder) -> None:
    """An address alone needs no multipart, and one that is given as the file goes where addresses go."""
    answered(server, name)
    address = "https://example.com/a b&c.png"
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, {"image_url": address})
        await perform(bria, name, {"file": address})
    for seen in server.requests:
        assert seen.headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert seen.fields == {"image_url": address}


@pytest.mark.parametrize("name", sorted(FREE))
async def test_what_has_no_contract_takes_any_json(name: str, server: Recorder) -> None:
    """Fields go out as they are given, whatever their names, and nothing when there are none; the docs say so."""
    answered(server, name)
    fields = {"image": "QUJD", "deep": [{"a": None}], "wait": 3, "sync": False}
    async with Session(TOKEN, server.base_url) as bria:
        assert await perform(bria, name, fields) == reply(name)["body"]
    assert server.requests[0].json == fields
    assert "announced without a contract" in " ".join(endpoint(name).doc.lower().split())


PICTURE = picture(8, 8)
ENCODED = base64.b64encode(PICTURE).decode()


async def test_files_inside_objects_and_arrays_arrive_as_base64(server: Recorder) -> None:
    """Wherever in a body bytes stand."""
    answered(server, "products.integrate")
    place = {"x": 1, "y": 2, "width": 30, "height": 40}
    products: list[dict[str, Any]] = [
        {"image": PICTURE, "coordinates": place},
        {"image": "https://a/1.png", "coordinates": place},
    ]
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, "products.integrate", samples("products.integrate") | {"products": products})
    assert server.requests[0].json["products"] == [{**products[0], "image": ENCODED}, products[1]]


GUIDED = [name for name in OPERATIONS if "guidance_method_1" in rows_of(name)]


@pytest.mark.parametrize("name", GUIDED)
async def test_guidance_is_sent_as_the_parameters_of_the_api(name: str, server: Recorder) -> None:
    """Values become the six parameters, and the word itself is not on the socket."""
    answered(server, name)
    methods = (Guidance("canny", PICTURE, scale=0.8), Guidance("depth", PICTURE))
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, samples(name, required_only=True) | {"guidance": methods})
    assert {key: value for key, value in server.requests[0].json.items() if key != "sync"} == {
        **by_place(name, "body", samples(name, required_only=True)),
        "guidance_method_1": "controlnet_canny",
        "guidance_method_1_scale": 0.8,
        "guidance_method_1_image_file": ENCODED,
        "guidance_method_2": "controlnet_depth",
        "guidance_method_2_image_file": ENCODED,
    }


def test_guidance_is_taken_where_its_parameters_are() -> None:
    """And nowhere else."""
    assert [name for name in OPERATIONS if "guidance" in endpoint(name).own] == GUIDED
    assert GUIDED == ["tailored.text_to_image", "tailored.text_to_vector"]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "wait" in endpoint(name).own])
async def test_waiting_is_not_a_parameter_of_the_api(name: str, server: Recorder) -> None:
    """With `wait` the same request leaves, and polls follow it where the answer is a job."""
    body = re.sub(r"https?://[^/\"]+", server.base_url, json.dumps(reply(name)["body"]))

    def answer(seen: Request) -> web.Response:
        if "/status/" in seen.path:
            return web.json_response({"status": "COMPLETED", "result": {}})
        first = seen is server.requests[0]
        return web.Response(text=body if first else "image", content_type="application/json")

    server.answer = answer
    values = samples(name, required_only=True)
    async with Session(TOKEN, server.base_url, host=PushedHost()) as bria:
        await perform(bria, name, {**values, "wait": Polling(timeout=60)})
    seen = server.requests[0]
    assert "wait" not in {**seen.query, **seen.fields}
    at_once = rows_of(name).get("sync", {}).get("default", False) or "205" in contract()[name]["responses"]
    assert (len(server.requests) == 1) is at_once, [seen.path for seen in server.requests]


# --- what is refused before it is sent -------------------------------------------------------------------------------


def beyond(row: dict[str, Any]) -> Iterator[Any]:
    """Values just outside what the contract allows, or of another type."""
    array = row["type"].startswith("[")
    if "enum" in row:
        yield ["nonsense"] if array else "nonsense"
    if "enum" in row and row["type"] == "integer":
        yield max(row["enum"]) + 1
    least = 1 if row["type"] == "integer" else 1e-9
    if "min" in row:
        yield row["min"] - least
    if "max" in row:
        yield row["max"] + least
    if "min_items" in row:
        yield ["QUJD"] * (row["min_items"] - 1)
    if "max_items" in row:
        yield ["QUJD"] * (row["max_items"] + 1)
    if array or row["type"] in {"boolean", "object"}:
        yield 7
    if row["name"].endswith("url"):
        yield "photo.png"
    if row["name"].endswith("urls"):
        yield ["https://a/1.png", "QUJD"]


LIMITS = [
    (name, row["name"], value)
    for name in OPERATIONS
    for row in contract()[name]["params"]
    for value in beyond(row)
    if row["name"] not in UNCHECKED
]


@pytest.mark.parametrize(("name", "parameter", "value"), LIMITS)
async def test_values_beyond_the_limits_are_refused_before_sending(
    name: str, parameter: str, value: Any, server: Recorder
) -> None:
    """A value outside its documented limits is an error that names the parameter, and nothing is sent."""
    values = {**samples(name, required_only=True), parameter: value}
    async with Session(TOKEN, server.base_url) as bria:
        with pytest.raises(InvalidParameter, match=parameter) as caught:
            await perform(bria, name, values)
    assert caught.value.operation == name
    assert server.requests == []


@pytest.mark.parametrize(("name", "parameter", "value"), LIMITS[::9])
async def test_a_lenient_session_sends_values_as_given(name: str, parameter: str, value: Any, server: Recorder) -> None:
    """With `strict=False` the same values reach the socket."""
    server.answers({"error": "no"}, 400)
    values = {**samples(name, required_only=True), parameter: value}
    async with Session(TOKEN, server.base_url, strict=False) as bria:
        with pytest.raises(Exception, match="400"):
            await perform(bria, name, values)
    (seen,) = server.requests
    assert {**seen.query, **seen.fields}[parameter] in (value, as_text(value))


PAIRS = [(name, older, newer) for name, pairs in OLDER.items() for older, newer in pairs.items()]


@pytest.mark.parametrize(("name", "older", "newer"), PAIRS)
async def test_an_older_name_is_sent_alone_and_never_beside_the_newer(
    name: str, older: str, newer: str, server: Recorder
) -> None:
    """C31: both are ordinary parameters, and giving both is a local error."""
    answered(server, name)
    rows = rows_of(name)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, {older: sample(rows[older])})
        with pytest.raises(InvalidParameter, match=f"{older}|{newer}"):
            await perform(bria, name, {older: sample(rows[older]), newer: sample(rows[newer])})
    (seen,) = server.requests
    assert seen.json == {older: sample(rows[older]), "sync": rows["sync"]["default"]}


@pytest.mark.parametrize("name", ["projects.create", "datasets.create", "models.create"])
async def test_an_unknown_training_version_is_sent(name: str, server: Recorder) -> None:
    """A base model that this library does not know is the server's to judge."""
    server.answers(reply(name)["body"], 201)
    async with Session(TOKEN, server.base_url) as bria:
        await perform(bria, name, {"training_version": "fibo-9"})
    assert server.requests[0].json == {"training_version": "fibo-9"}
