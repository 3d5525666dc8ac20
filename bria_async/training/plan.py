"""What to train, how, and every reason why it could not work that can be known before anything is created."""

import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from bria_async.api.models import Models
from bria_async.errors import ConfigurationError, InvalidParameter, PlanInvalid
from bria_async.images.captions import Texts
from bria_async.images.findings import Finding, findings_of
from bria_async.images.folder import Scan
from bria_async.images.probe import ImageFile, Limits
from bria_async.images.terms import Terms
from bria_async.paths import expanded
from bria_async.types.common import AspectRatio, IpMedium, IpType, LrScheduler, PrefixIpType, TrainingMode, UseCase
from bria_async.types.trainings import MOST_EACH, Captions, Family, Upload
from bria_async.wire.convert import ConversionError, structure, unstructure
from bria_async.wire.polling import Polling

SCHEMA_IMAGES = (5, 10)
"""How many images a visual schema is made of (SEED 001)."""
PREFIX_IMAGES = (1, 6)
"""How many images a caption prefix is made of (SEED 000, SEED 002)."""
LEGACY_VERSIONS = ("max", "light", "3.2", "2.3", "bria-3.2", "bria-2.3")
VERSIONS: Mapping[str, Family] = {"fibo": "fibo", **dict.fromkeys(LEGACY_VERSIONS, "legacy")}
"""The known training versions and the family of each (SEED 001, SEED 002); others are the server's to judge."""
ILLUSTRATION_ONLY = frozenset({"object_variants", "multi_object_set", "icons", "character_variants"})
"""IP types that only go with `ip_medium=illustration` (SEED 001)."""


@attrs.frozen(kw_only=True)
class Expert:
    """Training parameters of expert mode; what is not given is the server's default (published spec).

    Ranges: learning_rate 1e-6 to 1e-3 (default 1e-4), total_training_steps 1 to 5000 (750; legacy 1500), rank 4 to 256
    (128), checkpoint_interval from 100 (500), lr_warmup_steps 0 to 1000 (100).
    """

    lr_scheduler: LrScheduler | None = None
    learning_rate: float | None = None
    total_training_steps: int | None = None
    rank: int | None = None
    checkpoint_interval: int | None = None
    lr_warmup_steps: int | None = None


def id_of(name: str) -> str:
    """A name as a folder can carry it."""
    words = re.sub(r"[^\w.-]+", "-", name.strip(), flags=re.UNICODE).strip("-.").lower()
    return words[:80] or "run"


def _how(default: Any) -> Any:
    """A field that may change between two goes at the same run."""
    return attrs.field(default=default, metadata={"how": True})


def _folder(value: str | Path) -> Path:
    return expanded(value).absolute()


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Plan:
    """What to train, and how; the same plan always continues the same run.

    Args:
        images: the folder of images (jpeg, png, webp), or a text file of their addresses: one of http or https in each
            line, empty lines and those that begin with `#` aside.
        name: of the run, and of the project, dataset and model it makes.
        family: `fibo` (default), `legacy` or `2024`; see `Family`.
        ip_type, ip_medium, ip_name, ip_description, project_description: see `Projects.create`.
        training_version: a base model; sent on project, dataset and model when given.
        training_mode: `fully_automated` or `expert`.
        expert: training parameters, only with `training_mode="expert"`.
        refine: an instruction that refines the visual schema, such as "Character's name is Lucy" (SEED 001).
        captions: `automatic`, or `files`: the text file beside each image is its caption.
        upload: `each` image on its own, one `zip`, or `auto`: each up to 200 images and zip beyond. With `each`, images
            beyond the first 200 are decoded before their uploads and not before anything is created.
        increase_resolution, content_moderation: see `Images.upload`; the server's defaults are true and false.
        samples: prompts that are generated with the trained model.
        sample_aspect_ratio, sample_seed: for the samples.
        use_case, style_description: of the dataset of 2024.

    How, which may be changed when the run goes on:
        review: wait for an approval of the captions before the dataset is completed.
        on_bad_image: `stop` (default) or `skip` an image that cannot be used.
        on_doubt: `ask` (default, the run pauses), `resend` (may pay twice) or `skip` a call that was perhaps charged.

    Raises:
        ConfigurationError: `images` begins with a home folder (`~name`) that nobody has.
    """

    images: Path = attrs.field(converter=_folder)
    name: str
    family: Family = "fibo"
    ip_type: IpType | None = None
    ip_medium: IpMedium | None = None
    ip_name: str | None = None
    ip_description: str | None = None
    project_description: str | None = None
    training_version: str | None = None
    training_mode: TrainingMode = "fully_automated"
    expert: Expert | None = None
    refine: str | None = None
    captions: Captions = "automatic"
    upload: Upload = "auto"
    increase_resolution: bool | None = None
    content_moderation: bool | None = None
    samples: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    sample_aspect_ratio: AspectRatio | None = None
    sample_seed: int | None = None
    use_case: UseCase | None = None
    style_description: str | None = None
    review: bool = _how(False)
    on_bad_image: Literal["stop", "skip"] = _how("stop")
    on_doubt: Literal["ask", "resend", "skip"] = _how("ask")

    @property
    def run(self) -> str:
        """The id of the run: the name as a folder can carry it."""
        return id_of(self.name)

    @property
    def terms(self) -> Terms:
        """What it does with its images."""
        return Terms(**{field.name: getattr(self, field.name) for field in attrs.fields(Terms)})

    @property
    def limits(self) -> Limits:
        """What an image must be for this plan."""
        return self.terms.limits

    @property
    def prefix_type(self) -> PrefixIpType | None:
        """The IP type if a caption prefix is generated for it (SEED 002); others keep the server's default."""
        match self.ip_type:
            case "stylized_scene" | "defined_character" | "object_variants" as served:
                return served
            case _:
                return None

    def by_zip(self, count: int) -> bool:
        """Whether so many images go as one zip."""
        return self.terms.by_zip(count)

    @property
    def most_decoded(self) -> int | None:
        """How many images are decoded before anything is created; the others of a larger set before their uploads.

        Of a zip all are, because it is sent whole or not at all.
        """
        return MOST_EACH if self.upload == "each" else None

    def to_json(self) -> dict[str, Any]:
        """The plan as the journal keeps it."""
        data: dict[str, Any] = unstructure(self)
        return data

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Plan":
        """A plan of JSON or TOML data.

        Raises:
            PlanInvalid: a field is unknown, missing or of the wrong type.
            ConfigurationError: as for any plan.
        """
        fields = {field.name: field for field in attrs.fields(attrs.resolve_types(cls))}
        expert = data.get("expert")
        problems = [f"there is no field {name!r}" for name in sorted(set(data) - set(fields))]
        problems += [f"{name!r} is missing" for name in ("images", "name") if not data.get(name)]
        if isinstance(expert, Mapping):
            problems += [f"there is no field {name!r} in expert" for name in sorted(set(expert) - _EXPERT)]
        values: dict[str, Any] = {}
        for name in fields.keys() & data.keys():
            try:
                values[name] = structure(data[name], fields[name].type)
            except ConversionError:
                problems.append(_wrong(fields[name], data[name]))
        if problems:
            raise PlanInvalid("The plan cannot be read:", tuple(problems))
        return cls(**values)

    def difference(self, older: "Plan") -> tuple[str, ...]:
        """What is different from an older plan of the same run, but for what may change; one line each."""
        return tuple(
            f"{field.name}: was {getattr(older, field.name)!r}, now {getattr(self, field.name)!r}"
            for field in attrs.fields(type(self))
            if not field.metadata.get("how") and getattr(older, field.name) != getattr(self, field.name)
        )

    def how_it_differs(self, older: "Plan") -> dict[str, Any]:
        """What is different from an older plan of the same run of what may change."""
        fields = [field.name for field in attrs.fields(type(self)) if field.metadata.get("how")]
        return {name: getattr(self, name) for name in fields if getattr(self, name) != getattr(older, name)}

    # --- what can be known beforehand ---------------------------------------------------------------------------

    def check(
        self,
        found: Scan,
        *,
        zip_host: bool,
        texts: Texts | None = None,
        requests_per_minute: float | None = None,
        known: Mapping[Path, ImageFile] | None = None,
    ) -> tuple[Finding, ...]:
        """Check the plan and its images as `inspect` does; returns warnings, then what is good to know.

        Args:
            found: what was seen of its images.
            zip_host: there is a place for a zip.
            texts: the captions beside the images, where they matter.
            requests_per_minute: of the account, for the time that uploads take.
            known: what an earlier run began with.

        Raises:
            PlanInvalid: with every reason why it cannot work.
        """
        self.refuse(tuple(self._words()))
        findings = findings_of(found, self.terms, texts, requests_per_minute, known)
        errors = [finding for finding in findings if finding.level == "error"]
        self.refuse([*self.problems, *self._refusals(errors, found), *self._nowhere(len(found.images), zip_host)])
        return (*self._warnings(), *findings)  # no errors any more

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it cannot work, whatever its images are."""
        return tuple(self._words()) or (*self._identity(), *self._training())

    def refuse(self, problems: Sequence[str]) -> None:
        """Refuse the plan if there is a reason.

        Raises:
            PlanInvalid: with all of them.
        """
        if problems:
            raise PlanInvalid(f"The plan for {self.name!r} cannot work:", tuple(problems))

    def _words(self) -> Iterator[str]:
        """Values that are none of the documented words, which type checkers see and TOML files do not."""
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            allowed = literals(field.type)
            if allowed and value is not None and value not in allowed:
                yield _wrong(field, value)
        if not self.name.strip():
            yield "the name is empty"
        if any(not prompt.strip() for prompt in self.samples):
            yield "a sample's prompt is empty"

    def _identity(self) -> Iterator[str]:
        if self.family == "2024":
            for name in ("use_case", "style_description"):
                if not getattr(self, name):
                    yield f"{name} is needed for the family 2024"
            return
        for name in ("ip_type", "ip_medium"):
            if not getattr(self, name):
                yield f"{name} is needed"
        if self.ip_type in ILLUSTRATION_ONLY and self.ip_medium == "photography":
            yield f"ip_type {self.ip_type} only goes with ip_medium illustration"
        if self.ip_type == "defined_character" and not self.ip_name:
            yield "ip_name is needed for a defined_character (1 to 3 words)"
        if self.ip_type in ("defined_character", "object_variants") and not self.ip_description:
            yield f"ip_description is needed for {self.ip_type} (up to 6 words)"

    def _training(self) -> Iterator[str]:
        if self.expert is not None and self.training_mode != "expert":
            yield "training parameters are only accepted with training_mode expert"
        if self.expert is not None:
            try:
                Models.endpoints["start_training"].call({"model_id": 1, **attrs.asdict(self.expert)})
            except InvalidParameter as error:
                yield error.message
        if self.family == "legacy" and not self.training_version and self.prefix_type is None:
            yield (
                f"training_version is needed for a legacy {self.ip_type} (max, light, 3.2 or 2.3): without a caption "
                "prefix nothing else tells the server the family"
            )
        belongs = VERSIONS.get(self.training_version or "", self.family)
        if belongs != self.family != "2024":
            yield f"training_version {self.training_version} is of the family {belongs}, the plan's is {self.family}"
        if self.refine and self.family != "fibo":
            yield "refine needs the family fibo: only a visual schema is refined"

    def _refusals(self, errors: Iterable[Finding], found: Scan) -> Iterator[str]:
        """Errors in words, those of bad images with what can be done about them."""
        bad = {"small", *(problem.code for problem in found.problems)}
        for error in errors:
            if error.code == "none":
                yield f"no image in {self.images} can be used"
            else:
                yield f"{error} (leave it out, or on_bad_image=skip)" if error.code in bad else str(error)

    def _nowhere(self, count: int, zip_host: bool) -> Iterator[str]:
        if self.by_zip(count) and self.family != "2024" and not zip_host:
            yield (
                f"{count} images go as one zip, and the server fetches it by URL: name a place for it "
                "(zip_put_url and zip_url, or the zip_url of a file you put there yourself), force upload=each, or "
                f"take at most {MOST_EACH} images"
            )

    def _warnings(self) -> Iterator[Finding]:
        for name, limit in (("ip_name", 3), ("ip_description", 6)):
            if (text := getattr(self, name)) and len(text.split()) > limit:
                words = f"{name} has {len(text.split())} words, the documentation says up to {limit}"
                yield Finding("warning", name, words)


_EXPERT = {field.name for field in attrs.fields(Expert)}


def _wrong(field: "attrs.Attribute[Any]", value: Any) -> str:
    """Why this cannot be the value of a field."""
    if allowed := literals(field.type):
        return f"{field.name} must be one of {', '.join(map(repr, allowed))}, not {value!r}"
    return f"{field.name} cannot be {value!r}"


def literals(annotation: Any) -> tuple[Any, ...]:
    """The values of a Literal in an annotation."""
    if typing.get_origin(annotation) is Literal:
        return typing.get_args(annotation)
    return tuple(value for part in typing.get_args(annotation) for value in literals(part))


def _at_least(least: float) -> Any:
    """Refuse smaller numbers; None passes."""

    def check(_: Any, field: Any, value: float | None) -> None:
        if value is not None and not value >= least:
            raise ConfigurationError(f"{field.name} must be at least {least:g}, not {value}.")

    return check


@attrs.frozen(kw_only=True)
class Settings:
    """How a process works on runs; none of it is part of a plan.

    Args:
        state: the folder that holds a folder per run (journal, control folder, zip).
        output: the folder for samples; by default `samples` in the run's own folder.
        uploads_at_once: how many images are on their way at once, of all runs of a batch together.
        models_at_once: how many runs of a batch are under way at once, from project to samples; by default all.
        settle: seconds between a lost answer and the look at the server; by default the session's request timeout
            + 30 s, because a slow server may still be working.
        training: how the training is asked for, and how long (default 8 h).
        waiting: how captions, zips and samples are asked for, and how long (default 2 h).
        zip_put_url: a presigned URL that takes the zip by PUT; secret, hence not in the journal.
        zip_url: where the server fetches the zip. Alone, it names a file that you put there yourself.
        grace: seconds that requests on their way get when the run is stopped.
    """

    state: Path | None = attrs.field(default=None, converter=attrs.converters.optional(_folder))
    output: Path | None = attrs.field(default=None, converter=attrs.converters.optional(_folder))
    uploads_at_once: int = attrs.field(default=16, validator=_at_least(1))
    models_at_once: int | None = attrs.field(default=None, validator=attrs.validators.optional(_at_least(1)))
    settle: float | None = attrs.field(default=None, validator=_at_least(0))
    training: Polling = Polling(start=5.0, timeout=8 * 3600.0)
    waiting: Polling = Polling(start=5.0, timeout=2 * 3600.0)
    zip_put_url: str | None = attrs.field(default=None, repr=False)
    zip_url: str | None = attrs.field(default=None, repr=False)
    grace: float = attrs.field(default=8.0, validator=_at_least(0))
    control_interval: float = attrs.field(default=0.5, validator=_at_least(0.01))
