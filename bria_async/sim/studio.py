"""Generations: what is ordered, what moderation lets through, and the answers in each generation's shape."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs

from bria_async.sim import results
from bria_async.sim.answers import Answer, Refusal
from bria_async.sim.entities import Job, Model, Result
from bria_async.sim.parsing import number
from bria_async.sim.routes import Call
from bria_async.sim.sources import Source

AspectRatio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9"]
SIDE = 1024
_SOURCES = 4
_SEEDS = 1 << 31
_MODERATED = 4221
_BLOCKED = "The generated image did not pass content moderation"


def model(call: Call, model_id: str | int, *, v2: bool = False) -> Model:
    """The model to generate with: known, completed, and of the family that the endpoint serves.

    v2 serves FIBO, v1 the legacy versions (SEED 001). Unknown: the status for an unknown model, chosen 404,
    and for another family, chosen 400.
    """
    found = call.world.models.get(number(model_id) if isinstance(model_id, str) else model_id)
    if found is None:
        raise Refusal(404, "Model not found", "bare")
    if not found.usable(call.now):
        raise Refusal(400, "The model status is not completed", "bare")
    if found.family and (found.family == "fibo") != v2:
        raise Refusal(400, f"Models of the {found.family} family are not served by this endpoint")
    return found


@attrs.frozen(kw_only=True)
class Order:
    """What one generation is asked for; the operation is that of the call."""

    effect: str = "collage"
    """How it is drawn: a name in `effects.EFFECTS`."""
    sources: Sequence[Source] = ()
    """Images it is drawn from, in the order that the effect expects."""
    params: Mapping[str, Any] = attrs.field(factory=dict)
    """What the effect is told besides prompt, seed and size; plain JSON."""
    parts: Sequence[Mapping[str, Any]] = ({},)
    """What the effect is told for each result; as many results as parts."""
    model: Model | None = None
    extension: str = "png"
    prompt: str = ""
    structured_prompt: str | None = None
    seed: int | None = None
    size: tuple[int, int] = (SIDE, SIDE)
    sync: bool = False
    moderate_output: bool = False
    url_field: str = "image_url"
    """What a v2 result calls the URL of its file."""
    told: Mapping[str, Any] = attrs.field(factory=dict)
    """What a v2 result says besides URL and structured prompt."""
    webhook_url: str | None = None
    warning: str | None = None


def seed(call: Call, given: int | None) -> int:
    """The seed asked for, or one by chance."""
    return call.world.random().randrange(_SEEDS) if given is None else given


def start(call: Call, order: Order) -> Job:
    """Begin a generation; with `sync` it is ready at once. Seed, prompt and sources decide what is drawn."""
    world, polled = call.world, call.operation.v2
    first = seed(call, order.seed)
    job = Job(
        id=world.new_uuid(),
        operation=call.operation.name,
        effect=order.effect,
        model_id=order.model.id if order.model else None,
        prompt=order.prompt,
        structured_prompt=order.structured_prompt,
        params=order.params,
        sources=(*(source.blob.sha256 for source in order.sources), *_of_model(call, order, first)),
        width=order.size[0],
        height=order.size[1],
        results=_results(call, order, first),
        url_field=order.url_field,
        told=order.told,
        outcome=call.options.job_outcome if polled else "COMPLETED",
        polled=polled,
        webhook_url=None if order.sync else order.webhook_url,
        created_at=call.now,
        ready_at=call.now if order.sync else call.now + call.options.job_time,
    )
    world.jobs[job.id] = job
    return job


def _of_model(call: Call, order: Order, first: int) -> list[str]:
    """Images of the model's dataset, as many as there is room for beside those of the order."""
    if order.model is None or order.model.dataset_id is None:
        return []
    images = call.world.images.of(order.model.dataset_id)
    room = max(0, min(_SOURCES - len(order.sources), len(images)))
    return [image.sha256 for image in random.Random(f"{first}/{order.prompt}").sample(images, room)]


def _results(call: Call, order: Order, first: int) -> tuple[Result, ...]:
    words = call.options.moderation
    every, one = (
        order.moderate_output and (says(order.prompt, blocking) or any(each.says(blocking) for each in order.sources))
        for blocking in (words.outputs, words.first_output)
    )
    return tuple(
        Result(
            name=f"{at}-seed_{first + at}.{order.extension}",
            seed=first + at,
            blocked=every or (one and at == 0),
            params=part,
        )
        for at, part in enumerate(order.parts)
    )


def says(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds any of the words, in any case."""
    return any(word.lower() in text.lower() for word in words)


def moderate(call: Call, texts: Mapping[str, str | None], *, asked: bool) -> None:
    """Refuse with 422 a text that moderation blocks, by its parameter's name, where it is asked for."""
    for name, text in texts.items():
        if asked and text and says(text, call.options.moderation.inputs):
            raise Refusal(422, f"The {name} did not pass content moderation")


def ip_warning(call: Call, text: str, *, asked: bool) -> str | None:
    """What `ip_signal` warns of. Unknown: the words of a warning; chosen."""
    if asked and says(text, call.options.ip_words):
        return "The prompt may refer to protected intellectual property"
    return None


def size(aspect_ratio: str, side: int = SIDE) -> tuple[int, int]:
    """Pixels for an aspect ratio; `side` is the longer one."""
    width, height = (int(part) for part in aspect_ratio.split(":"))
    longer = max(width, height)
    return side * width // longer, side * height // longer


def fitting(source: Source) -> tuple[int, int]:
    """Pixels for a result of an image's shape: the longer side is 1024."""
    width, height = source.size
    longer = max(width, height)
    return max(1, SIDE * width // longer), max(1, SIDE * height // longer)


def url(call: Call, job: Job, result: Result) -> str:
    """Where a result will be found."""
    return call.url(results.path_of(job, result))


def submit(call: Call, order: Order) -> Answer:
    """Start a v2 job: 202, or with `sync` 200 with its result, or 422 when moderation blocks that."""
    job = start(call, order)
    warning = {"warning": order.warning} if order.warning else {}
    if not order.sync:
        return Answer(202, {"request_id": job.id, "status_url": call.url(f"/v2/status/{job.id}")} | warning)
    if job.outcome != "COMPLETED":
        raise Refusal(500, "The generation failed")
    if any(result.blocked for result in job.results):
        raise Refusal(422, _BLOCKED)
    return Answer(200, {"request_id": job.id, "result": outcome(call, job)} | warning)


def outcome(call: Call, job: Job) -> dict[str, Any]:
    """The `result` of a completed v2 job."""
    shown = dict(job.told)
    if not shown and job.operation == "tailored.generate":  # Jobs kept by older versions were told nothing.
        shown = {"seed": job.results[0].seed, "prompt": job.prompt}
    if job.results:
        shown[job.url_field] = url(call, job, job.results[0])
    if job.structured_prompt is not None:
        shown["structured_prompt"] = job.structured_prompt
    return shown


def as_objects(call: Call, order: Order) -> Answer:
    """Start a v1 generation: `{"result": [{"urls", "seed", "uuid"}]}`, objects for blocked ones."""
    job = _checked(start(call, order), sync=order.sync)
    shown: list[dict[str, Any]] = []
    for result in job.results:
        if order.sync and result.blocked:
            shown.append({"blocked": True, "error_code": _MODERATED, "description": _BLOCKED})
            continue
        found = url(call, job, result)
        urls = found if call.options.urls_as_string else [found]
        shown.append({"urls": urls, "seed": result.seed, "uuid": f"{job.id}-{result.name.partition('-')[0]}"})
    return Answer(200, {"result": shown})


def as_rows(call: Call, order: Order) -> Answer:
    """Start a v1 generation: `{"result": [[url, seed, name]]}`, the text of a refusal in an array for blocked ones."""
    job = _checked(start(call, order), sync=order.sync)
    rows = [
        [_BLOCKED] if order.sync and result.blocked else [url(call, job, result), result.seed, result.name]
        for result in job.results
    ]
    return Answer(200, {"result": rows})


def as_url(call: Call, order: Order, field: str = "result_url") -> Answer:
    """Make a v1 result at once: `{"result_url": url}`."""
    job = _checked(start(call, attrs.evolve(order, sync=True)), sync=True)
    return Answer(200, {field: url(call, job, job.results[0])})


def _checked(job: Job, *, sync: bool) -> Job:
    """The job, refused with 422 when the caller waits and nothing passed moderation."""
    if sync and job.results and all(result.blocked for result in job.results):
        raise Refusal(422, "All generated images failed content moderation")
    return job
