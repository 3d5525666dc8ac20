"""No loss and no duplicate (I1, I2): what the run says it has is where it says, byte for byte."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bria_async.graph.records import Row
from bria_async.graph.states import Change, State
from bria_async.sim import results

from .evidence import Evidence, result_of
from .witness import Finding


def stored(evidence: Evidence) -> Iterator[Finding]:
    """What the journal says is uploaded is on the server with the bytes that were planned, however the run ended."""
    for key, number in evidence.stored():
        held = evidence.sim.world.images.get(number)
        if held is None:
            yield Finding("lost", f"image {number} ({key}) is uploaded by the journal and not on the server")
        elif held.sha256 != evidence.journal.items["image"][key]["sha256"]:
            yield Finding("lost", f"image {number} should be {key} and holds other bytes")
        elif held.dataset_id != evidence.dataset():
            yield Finding("lost", f"image {number} ({key}) is in dataset {held.dataset_id}")


def copies(evidence: Evidence) -> Iterator[Finding]:
    """A completed dataset holds no bytes twice."""
    completed = {dataset.id for dataset in evidence.sim.world.datasets.values() if dataset.status == "completed"}
    for (dataset, sha256), ids in evidence.sim.audit().duplicates.items():
        if dataset in completed:
            yield Finding("duplicated", f"dataset {dataset} holds {sha256[:12]} as images {ids}", len(ids) - 1)


def deleted(evidence: Evidence) -> Iterator[Finding]:
    """Only copies are deleted, and there are none where nothing takes longer than the settle delay."""
    there = Counter((image.dataset_id, image.sha256) for image in evidence.sim.world.images.values())
    gone = [image for image in evidence.witness.deleted.values() if image.id not in evidence.sim.world.images]
    for image in gone:
        if not there[image.dataset_id, image.sha256]:
            yield Finding("lost", f"image {image.id} ({image.sent_name}) was deleted, and there is no other copy")
    if gone and not evidence.climate.beyond:
        yield Finding("healed", f"{len(gone)} copies, though nothing took longer than the settle delay")


def complete(evidence: Evidence) -> Iterator[Finding]:
    """The dataset of a run that is done holds every planned image that the server takes."""
    if not evidence.done:
        return
    there, refused = {image.sha256 for image in evidence.images()}, evidence.refused()
    for key, image in evidence.journal.items["image"].items():
        if image["sha256"] not in there and key not in refused:
            yield Finding("lost", f"{key} is not in dataset {evidence.dataset()}, and nothing is wrong with it")


def captioned(evidence: Evidence) -> Iterator[Finding]:
    """Nothing is trained on images without captions."""
    for model, images in evidence.sim.audit().trained_uncaptioned.items():
        yield Finding("uncaptioned", f"model {model} was trained while images {images} had no caption", len(images))


def samples(evidence: Evidence) -> Iterator[Finding]:
    """Each sample of a run that is done is a file with the bytes that the server gave, or was left out with cause."""
    if not evidence.done:
        return
    for key, row in evidence.journal.of("sample").items():
        if row.state is State.SKIPPED and not _left_out_with_cause(evidence, key):
            yield Finding("lost", f"sample {key} was left out, and nothing is wrong with it: {row.reason}")
        if row.state is State.DONE:
            yield from _sample(evidence, key, row)


def _sample(evidence: Evidence, key: str, row: Row) -> Iterator[Finding]:
    kept = result_of(row)
    number, _, name = urlsplit(kept["url"]).path.removeprefix(f"{results.PATH}/").partition("/")
    if number not in {job.id for job in evidence.drawn(key)}:
        yield Finding("lost", f"sample {key} was drawn for another prompt: {kept}")
    path = Path(kept["path"])
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != evidence.sim.world.drawn.get(f"{number}/{name}"):
        yield Finding("lost", f"sample {key} is not what the server gave for {kept['url']}: {path}")


def _left_out_with_cause(evidence: Evidence, key: str) -> bool:
    """Whether the server gives no image for this prompt, or the user said that it may be left out."""
    options = evidence.climate.options
    words = (*options.moderation.inputs, *options.moderation.outputs, *options.moderation.first_output)
    text = evidence.journal.items["prompt"][key]["text"]
    doubted = evidence.happened(Change.LOST, "submission", key) or options.job_outcome == "UNKNOWN"
    return (
        any(word in text for word in words)
        or options.job_outcome == "ERROR"
        or options.url_lifetime is not None
        or bool(doubted and any(plan.on_doubt == "skip" for plan in evidence.plans))
    )


KEEPING = (stored, copies, deleted, complete, captioned, samples)
