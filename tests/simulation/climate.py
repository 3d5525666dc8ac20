"""What the world of a seed is like: what is trained, how the server behaves, how much goes wrong, and who dies when."""

import atexit
import functools
import os
import random
import shutil
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import attrs
from PIL import Image

from bria_async.sim import Options
from bria_async.sim.options import Moderation
from bria_async.training import Plan, Settings
from bria_async.wire import Polling

from .process import Fate
from .weather import DOWNLOAD, Weather

Shape = Literal["fibo", "legacy", "2024", "zip"]

TIMEOUT = 60.0
"""Seconds that a request of these worlds may take."""
SETTLE = 150.0
"""Seconds after which an ordinary server shows whatever it did."""
LONGEST = SETTLE - 25.0
"""Everything that is held back or lags in ordinary worlds takes less than this in all."""
ZIP_URL = "https://files.example/images.zip"
LAST_WRITE = 80
"""More often than this no process writes to its journal, unless much goes wrong."""
_ALL = ("models.list", "models.create", "models.start_training", "datasets.update")
_PROJECT = ("projects.create", "projects.list", "projects.list_datasets", "datasets.create")
AIMS: dict[Shape, tuple[str, ...]] = {
    "fibo": (
        *_ALL,
        *_PROJECT,
        "tailored.generate_visual_schema",
        "tailored.generate",
        "jobs.status",
    ),
    "legacy": (*_ALL, *_PROJECT, "tailored.generate_prefix", "tailored.text_to_image"),
    "2024": (*_ALL, "datasets.create", "datasets.list", "tailored.text_to_image"),
    "zip": ("images.bulk_upload_status",),
}
"""What a lifecycle calls late, or not often."""
AIMED = 0.45
"""The share of worlds in which such an operation is aimed at."""


def _folder(prefix: str) -> Path:
    """A folder that lasts as long as this process, and not only as long as one of its children."""
    folder, process = Path(tempfile.mkdtemp(prefix=prefix)), os.getpid()

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


@functools.cache
def pictures(count: int, side: int) -> Path:
    """A folder of pictures that differ, each with a caption beside it; one per process and size."""
    folder = _folder("bria-pictures-")
    for number in range(count):
        Image.new("RGB", (side, side), (20 * number % 256, 90, 250 - 20 * number % 256)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"picture {number}")
    return folder


@functools.cache
def archive(count: int, side: int) -> Path:
    """These pictures as the zip that a user put somewhere himself."""
    target = _folder("bria-zip-") / "images.zip"
    with zipfile.ZipFile(target, "w") as file:
        for picture in sorted(pictures(count, side).glob("*.png")):
            file.write(picture, picture.name)
    return target


@attrs.frozen(kw_only=True)
class Climate:
    """The world of a seed; `beyond` worlds have uploads that linger for longer than the settle delay."""

    seed: int
    beyond: bool
    shape: Shape
    plan: Plan
    options: Options
    weather: Weather
    rate: int | None
    """Requests per minute that the client is told to keep to."""
    fresh: bool
    """Whether every request has a connection of its own, which may be in trouble."""
    fates: tuple[Fate, ...]
    """What happens to the first processes, one after the other."""
    rests: tuple[float, ...]
    """Seconds between the end of a process and the start of the next."""
    decision: Literal["resend", "skip"]
    """What the user decides when a run asks about a call that was perhaps charged."""

    @classmethod
    def of(cls, seed: int) -> "Climate":
        """Draw the world of a seed; every fifth is one of those beyond."""
        rng = random.Random(f"{seed}/climate")
        beyond = seed % 5 == 4
        shape: Shape = rng.choices(("fibo", "legacy", "2024", "zip"), (4, 4, 4, 0 if beyond else 2))[0]
        count, side = rng.choice(((5, 256), (8, 256), (12, 256))) if shape != "zip" else (6, 1024)
        weather = Weather(
            rng=random.Random(f"{seed}/weather"),
            budget=rng.randint(20, 80),
            share=rng.choice((0.2, 0.35, 0.5)),
            wires=rng.choice((0.1, 0.3, 0.6)),
            longest=LONGEST,
            beyond=SETTLE if beyond else 0.0,
        )
        plan = _plan(rng, shape, pictures(count, side))
        weather.aims = _aims(random.Random(f"{seed}/aims"), shape, plan)
        return cls(
            seed=seed,
            beyond=beyond,
            shape=shape,
            plan=plan,
            options=_options(rng, seed, shape, archive(count, side) if shape == "zip" else None),
            weather=weather,
            rate=rng.choice((None, None, 60, 600)),
            fresh=rng.random() < 0.4,
            fates=tuple(_fate(rng) for _ in range(rng.randint(0, 5))),
            rests=tuple(rng.choice((0.0, 5.0, 40.0, 400.0)) for _ in range(5)),
            decision=rng.choice(("resend", "skip")),
        )

    def settings(self, folder: Path) -> Settings:
        """How a process works: with few, long looks, because hours pass."""
        return Settings(
            state=folder,
            uploads_at_once=4,
            settle=SETTLE,
            training=Polling(start=5, cap=900, timeout=12 * 3600),
            waiting=Polling(start=2, cap=120, timeout=2 * 3600),
            control_interval=120.0,
            zip_url=ZIP_URL if self.shape == "zip" else None,
        )


def _aims(rng: random.Random, shape: Shape, plan: Plan) -> Counter[str]:
    aims = Counter({operation: rng.randint(1, 2) for operation in AIMS[shape] if rng.random() < AIMED})
    # What few worlds call at all is aimed at in each that does.
    seldom = {
        "images.bulk_upload": shape == "zip",
        "images.update": plan.captions == "files",
        "tailored.refine_structured_prompt": plan.refine,
        DOWNLOAD: plan.samples,
    }
    return aims + Counter({operation: 2 for operation, called in seldom.items() if called})


def _plan(rng: random.Random, shape: Shape, images: Path) -> Plan:
    family: Any = rng.choice(("fibo", "legacy")) if shape == "zip" else shape
    fields: dict[str, Any] = {"ip_type": "stylized_scene", "ip_medium": "photography"}
    if family == "2024":
        fields = {"use_case": "illustrative_style", "style_description": "flat"}
    if family == "fibo" and rng.random() < 0.3:
        fields["refine"] = "Remove the background"
    return Plan(
        images=images,
        name="world",
        family=family,
        samples=tuple(f"a lighthouse {number}" for number in range(rng.randint(0, 2))),
        captions="files" if shape != "zip" and rng.random() < 0.35 else "automatic",
        upload="zip" if shape == "zip" else "each",
        content_moderation=rng.choice((None, True)),
        on_doubt=rng.choice(("ask", "ask", "resend", "skip")),
        on_bad_image=rng.choice(("stop", "skip")),
        **fields,
    )


def _options(rng: random.Random, seed: int, shape: Shape, zipped: Path | None) -> Options:
    def rarely(share: float, value: Any, otherwise: Any) -> Any:
        return value if rng.random() < share else otherwise

    fixtures: Any = {ZIP_URL: zipped} if zipped else {}
    return Options(
        seed=seed,
        decode=False,
        rate_limits=rng.choice((None, 60, 600)),
        retry_after=rng.random() < 0.8,
        listing_lag=rarely(0.3, rng.uniform(0, LONGEST / 3), 0.0),
        image_names=rng.choice(("echo", "echo", "prefix", "rewrite")),
        upload_answer=rarely(0.2, "form", "json"),
        caption_delay=rng.choice((0.0, 20.0, 900.0)),
        caption_waiting=rng.choice(("pending", "null")),
        missing_captions=rarely(0.04, 0.3, 0.0),
        complete_with_pending=rng.choice(("accept", "refuse")),
        training_time=rng.choice((600.0, 3600.0, 3 * 3600.0)),
        training_outcome=rng.choices(("Completed", "Failed", "Stalled"), (20, 1, 1))[0],
        job_outcome=rng.choices(("COMPLETED", "ERROR", "UNKNOWN"), (20, 1, 1))[0],
        job_time=rng.choice((0.0, 20.0, 200.0)),
        not_found_grace=rarely(0.2, 10.0, 0.0),
        url_lifetime=rarely(0.1, 1800.0, None),
        flat_results=rng.random() < 0.2,
        urls_as_string=rng.random() < 0.2,
        min_images_fibo=5,
        timestamps=rng.choice(("naive", "Z")),
        moderation=Moderation(
            inputs=rarely(0.06, ("0--",), ()),
            outputs=rarely(0.05, ("lighthouse",), ()),
            first_output=rarely(0.05, ("lighthouse",), ()),
        ),
        fixtures=fixtures,
    )


def _fate(rng: random.Random) -> Fate:
    match rng.choice(("write", "write", "killed", "told", "none")):
        case "write":
            return Fate(
                write=rng.randint(1, rng.choice((20, LAST_WRITE))),
                moment=rng.choice(("before", "torn", "after", "error")),
            )
        case "killed":
            return Fate(seconds=rng.uniform(0, rng.choice((5, 100, 2_000, 8_000))))
        case "told":
            return Fate(seconds=rng.uniform(0, rng.choice((5, 100, 2_000, 8_000))), told=True)
        case _:
            return Fate()
