"""Requests made from the served document: fitting ones, wrong ones, and hostile ones that no generator thinks of."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import attrs
import requests
from hypothesis import assume
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode

from tests.sim.helpers import V1, running
from tests.sim.hostile import ENCODERS, FILES, NAMED, PICTURES, WEIRD, text
from tests.sim.scenery import registered, still_life

FILE_OR_URL = r"(image|file|mask|logo|scene|url)s?$|^video$"
LIKELY, HALF, SELDOM = 0.7, 0.5, 0.15
WORDS = ["a cat", "A", "", "\u732b", "<b>&amp;</b>", "two\nlines"]
TOKEN = {"api_token": "fuzz"}
Json = dict[str, Any]
Served = APIOperation[Any, Any, Any, Any]
Scene = Mapping[str, Any]
"""Values that exist together, by the names of the parameters that take them."""


async def prepare(state: Path) -> list[Scene]:
    """Fill a world: models in every state with their datasets, a visual, results, files."""
    async with running(state=state) as api:
        for name, data in FILES.items():
            await api.call("PUT", f"/_sim/files/{name}", 201, data=data)
        visual_id = await registered(api, still_life(), "visual.png")
        edited = await api.call("POST", f"/v1/{visual_id}/background/remove", json={})
        fibo, legacy, light = [
            await api.trained(version, training_mode="expert") for version in ("fibo", "max", "light")
        ]
        created, started = await api.model("fibo"), await api.model("max")
        await api.start(started["id"])
        draft, empty, old = (
            await api.filled("fibo", 5),
            await api.dataset(upload_type="advanced"),
            await api.dataset_2024(),
        )
        await api.upload(old["id"])
        body = {"tailored_model_id": fibo["id"], "prompt": "a cat"}
        job = await api.call("POST", "/v2/image/generate/tailored", 202, json=body)
        (person,) = await api.call("GET", f"/v1/{visual_id}/person/info")
        template, *_ = await api.call("GET", "/v1/ads/templates")
        everywhere = {
            "visual_id": visual_id,
            "vhash": visual_id,
            "sid": edited["sid"],
            "changes": [{"id": person["id"]}],
            "template_id": str(template["id"]),
            "request_id": job["request_id"],
        }
        models = [(model["dataset_id"], model["id"]) for model in (fibo, legacy, light, created, started)]
        others = [(dataset["id"], created["id"]) for dataset in (draft, empty, old)]
        return [
            await _scene(api.call, dataset_id) | everywhere | {"model_id": model_id}
            for dataset_id, model_id in models + others
        ]


async def _scene(call: Callable[..., Any], dataset_id: int) -> Json:
    dataset = await call("GET", f"{V1}/datasets/{dataset_id}")
    return {
        "dataset_id": dataset_id,
        "project_id": dataset.get("project_id", 0),
        "image_id": next((image["id"] for image in dataset["images"]), 0),
        "checkpoint_step": 500,
    }


def made(operation: Served, origin: str, scenes: list[Scene]) -> st.SearchStrategy[requests.Request]:
    """Requests for an operation of the served document."""
    makers = st.builds(Maker, st.integers(0, 1 << 32).map(Random), st.sampled_from(scenes), st.just(origin))
    cases = [generated(operation.as_strategy(generation_mode=mode), makers) for mode in GenerationMode]
    return st.one_of(*cases, makers.map(lambda maker: maker.hostile(operation)))


@st.composite
def generated(draw: st.DrawFn, cases: st.SearchStrategy[Any], makers: st.SearchStrategy["Maker"]) -> requests.Request:
    """What schemathesis generates, with existing things in some places."""
    case, maker = draw(cases), draw(makers)
    assume(all(case.path_parameters.values()))
    for values in (case.path_parameters, case.body):
        for name in list(values) if isinstance(values, dict) else ():
            known = maker.known(name)
            if known is not None and maker.chance.random() < HALF:
                values[name] = [known] if isinstance(values[name], list) and not isinstance(known, list) else known
    return requests.Request(**case.as_transport_kwargs(base_url=maker.origin, headers=TOKEN))


@attrs.frozen
class Maker:
    """Requests by chance alone: the search for a shortest failure would send the same few again and again."""

    chance: Random
    scene: Scene
    origin: str

    def hostile(self, operation: Served) -> requests.Request:
        """Everything right but up to two absurd values, in JSON, in forms, and in bodies that are neither."""
        raw, chance = operation.definition.raw, self.chance
        asked = {each["name"]: each["schema"] for each in raw.get("parameters", [])}
        in_query = {each["name"] for each in raw.get("parameters", []) if each["in"] == "query"}
        body = raw["requestBody"]["content"]["application/json"]["schema"] if "requestBody" in raw else {}
        schemas = asked | body.get("properties", {})
        odd = set(chance.sample(list(schemas), min(len(schemas), chance.choice([0, 0, 1, 1, 2]))))

        def value(name: str) -> Any:
            return self.weird(schemas[name]) if name in odd else self.right(name, schemas[name])

        path = re.sub(r"{(\w+)}", lambda found: _segment(value(found[1])), operation.path)
        request = requests.Request(operation.method.upper(), self.origin + path, headers=TOKEN)
        queried = [name for name in asked if name in in_query and (name in odd or chance.random() < HALF)]
        request.params = {name: text(value(name)) for name in queried}
        if body:
            given = self.object(body) | {name: value(name) for name in odd - asked.keys()}
            kind, request.data = chance.choice(ENCODERS)(given)
            request.headers = TOKEN | {"Content-Type": kind}
        return request

    def object(self, schema: Json) -> Json:
        """The required fields of an object, one file or URL if it can take any, some words, little else."""
        fields: dict[str, Json] = schema.get("properties", {})
        taken = set(schema.get("required", []))
        carriers = [name for name in fields if re.search(FILE_OR_URL, name) and name not in taken]
        taken |= set(self.chance.sample(carriers, min(len(carriers), self.chance.choice([0, 1, 1, 1, 1, 2]))))
        for name in fields:
            likely = LIKELY if re.search("prompt$|description|content$|changes|template_id", name) else SELDOM
            if name not in carriers and self.chance.random() < likely:
                taken.add(name)
        return {name: self.right(name, fields[name]) for name in fields if name in taken}

    def right(self, name: str, schema: Json) -> Any:
        """A value that fits: one that exists where the name tells it, else by the schema."""
        chance, kinds, items = self.chance, _types(schema), schema.get("items", {})
        if "enum" in schema:
            return chance.choice(schema["enum"])
        known = self.known(name)
        if known is not None and (name in self.scene or name in NAMED or "string" in kinds):
            return known
        low, high = schema.get("minimum", 0), schema.get("maximum", 1000)
        count = chance.randint(schema.get("minItems", 1), schema.get("maxItems", 4))
        by_kind: dict[str, Callable[[], Any]] = {
            "integer": lambda: chance.choice([low, high, chance.randint(int(low), int(high))]),
            "number": lambda: chance.uniform(low, high),
            "boolean": lambda: chance.random() < HALF,
            "string": lambda: chance.choice(WORDS),
            "array": lambda: [self.right(name, items) for _ in range(count)],
            "object": lambda: self.object(schema),
        }
        return by_kind[kinds[0]]()

    def known(self, name: str) -> Any:
        """A value that exists for a parameter of this name; None when the name says nothing."""
        name = name.removeprefix("tailored_")
        if name in self.scene:
            return self.scene[name]
        hosted = [f"{self.origin}/_sim/files/{file}" for file in FILES]
        elsewhere = ["https://elsewhere.example/picture.png", f"{self.origin}/_sim/files/nothing"]
        if name in NAMED:
            return self.chance.choice(NAMED[name])
        if re.search(r"urls?$|video$", name):
            return self.chance.choice([*hosted, *hosted, *elsewhere])
        if re.search(FILE_OR_URL, name):
            return self.chance.choice([*PICTURES, *hosted[:2], *elsewhere])
        return None

    def weird(self, schema: Json) -> Any:
        """An absurd value, mostly of the right type: others are refused before anything looks at them."""
        kinds = {"string": str, "integer": int, "number": float, "array": list, "object": dict}
        right = tuple(kinds[kind] for kind in _types(schema) if kind in kinds)
        typed = [each for each in WEIRD if isinstance(each, right)]
        return self.chance.choice(typed if typed and self.chance.random() < LIKELY else WEIRD)


def _types(schema: Json) -> list[str]:
    found = schema.get("type", "object")
    return found if isinstance(found, list) else [found]


def _segment(value: Any) -> str:
    """A value as one part of a path: empty ones and dots would be another path."""
    part = text(value)
    return quote(part, safe="") if part.strip(".") else "0"
