"""What there is to say of images before they are paid for: pure functions from what was seen to findings.

Every threshold stands here once, with its reason. An error is what a training refuses or cannot use; a warning is what
probably costs quality; an info is what is good to know.
"""

import itertools
import math
import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import attrs

from bria_async.errors import ImageError
from bria_async.types.common import AspectRatio, is_address
from bria_async.types.trainings import BEST, ENLARGED, MINIMUM, MOST_EACH, TRAINING_HOURS, WANTED_SIDE, Family

from .alike import alike
from .archive import MAX_BYTES, MAX_IMAGES
from .captions import Caption, Texts
from .folder import Scan
from .look import Measures
from .probe import ImageFile
from .terms import Terms

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The worst first."""

BLANK = 0.01
"""Contrast (0 to 1) below which nothing is seen: two or three of 255 greys, which the noise of a camera has as well."""
DARK = 0.12
"""Mean brightness below which a picture is dark: drawn nights have 0.2 and more, an underexposed photo 0.1."""
BRIGHT = 0.95
"""Mean brightness above which a picture is nearly white: its subject, if it has one, fills a twentieth of it. Only an
info, because icons and products on white are meant."""
PLAIN = 2.0
"""Bits of entropy of a pixel below which there is little to see: four equally frequent greys. Photos have 6 to 8."""
BLURRY = 0.1
"""The share of the set's median sharpness below which a picture is blurry: a blur of three pixels in 1,024 takes nine
tenths of the sharpness, while pictures of one set differ by half of it. Relative, because drawings and photos differ by
far more."""
SET = 5
"""Images from which on the median of a set says something."""
LONG_SIDES = 2.0
"""The longer side as a multiple of the shorter one beyond which an aspect ratio is odd: 16:9 (1.8) is the longest that
the models of each family generate (legacy SEED 000, 2024 SEED 003 and SEED 004, FIBO published spec: the same nine), so
a training crops or shrinks more of it. Of the shapes of training images no page of any family says a word."""
LONGEST_CAPTION: Mapping[Family, int] = {"fibo": 10_000, "legacy": 400, "2024": 400}
"""Characters of a caption. FIBO's are JSON texts of some thousands; the text encoders of the older families read 77
tokens, which are about 400 characters, and what is beyond is not learned. Both are ours: the API documents none."""
PREFIX_WORDS = 3
"""Words with which all captions begin before that is told: two ("a cat") are chance."""
NAMED = 3
"""Files that are named where a finding has many."""
PACES = (10, 60, 1000)
"""Requests per minute of the plans that public pages name, for whoever does not say which one is theirs."""

_MINUTE = 60


@attrs.frozen
class Finding:
    """Something to know about images: how bad it is, its short code, a sentence, and the files it is about.

    Of things that concern several files together (copies, captions) the files are the whole group; what concerns the
    set has none. They are named below `folder`, which was looked at.
    """

    level: Level
    code: str
    words: str
    files: tuple[Path, ...] = ()
    folder: Path | None = attrs.field(default=None, repr=False)

    @property
    def names(self) -> str:
        """The names of its first files, and how many more there are."""
        return named(self.files, self.folder)

    def __str__(self) -> str:
        return f"{self.names}: {self.words}" if self.files else self.words


def named(files: Sequence[Path], folder: Path | None) -> str:
    """The names of the first files below a folder, and how many more there are."""
    more = f" and {len(files) - NAMED:,} more" if len(files) > NAMED else ""
    return ", ".join(name_below(folder, path) for path in files[:NAMED]) + more


def name_below(folder: Path | None, path: Path) -> str:
    """What tells a file from others of the folder that was looked at: where it lies below that, or its name.

    It can be written: bytes that are no text are escaped.
    """
    below = path.relative_to(folder) if folder is not None and path.is_relative_to(folder) else path.name
    return os.fsencode(below).decode(errors="backslashreplace")


def sorted_by_level(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, else in their order."""
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))


def by_kind(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One for each kind of finding about single files, with all of them and the words of its first; others alone."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alone = len(finding.files) == 1
        kinds.setdefault((finding.level, finding.code if alone else str(finding)), []).append(finding)
    for found in kinds.values():
        yield attrs.evolve(found[0], files=tuple(path for finding in found for path in finding.files))


def findings_of(
    found: Scan,
    terms: Terms,
    texts: Texts | None = None,
    requests_per_minute: float | None = None,
    known: Mapping[Path, ImageFile] | None = None,
) -> tuple[Finding, ...]:
    """All there is to say of images that were looked at, the worst first.

    Blocks for as long as thousands of pictures take to be compared; those of which only some were decoded are compared
    once all are.

    Args:
        found: what was seen of them.
        terms: what they are for.
        texts: the captions beside them, where those are wanted.
        requests_per_minute: of the account, for the time that uploads take.
        known: what an earlier run began with.
    """
    zipped = terms.by_zip(len(found.images)) and terms.family != "2024"
    measured = {image.path: image.measures for image in found.images if image.measures is not None}
    told = (
        *of_problems(found.problems, terms),
        *of_copies(found),
        *(one for image in found.images for one in of_file(image, terms, zipped=zipped)),
        *(of_likeness(measured) if all(image.decoded for image in found.images) else ()),
        *of_set(found, terms, requests_per_minute),
        *((*of_captions(texts, terms), *of_orphans(found.orphans)) if texts is not None else ()),
        *(of_changes(found, known) if known else ()),
    )
    return sorted_by_level(attrs.evolve(one, folder=found.folder) for one in told)


def of_problems(problems: Iterable[ImageError], terms: Terms) -> Iterator[Finding]:
    """Files, or addresses, that cannot be used, and those that are left out of the training."""
    level: Level = "warning" if terms.on_bad_image == "skip" else "error"
    out = "left out: " if terms.on_bad_image == "skip" else ""
    for problem in problems:
        if is_address(problem.path):
            yield Finding(level, problem.code, f"{out}{problem}")
        else:
            yield Finding(level, problem.code, f"{out}{problem.message}", (Path(problem.path),))


def of_copies(found: Scan) -> Iterator[Finding]:
    """Files with the same bytes: no errors, because they have the same content key and are uploaded once."""
    for group in found.duplicates:
        words = f"the same bytes {len(group)} times, which are uploaded once"
        yield Finding("warning", "duplicate", words, tuple(image.path for image in group))


def of_file(image: ImageFile, terms: Terms, *, zipped: bool) -> Iterator[Finding]:
    """All there is to say of an image by itself."""
    yield from of_image(image)
    yield from of_size(image, terms, zipped=zipped)
    if image.measures is not None:
        yield from of_pixels(image.path, image.measures)


def of_image(image: ImageFile) -> Iterator[Finding]:
    """What is unusual about an image, whatever it is for."""
    for oddity in image.oddities:
        yield Finding("warning", oddity.code, oddity.words, (image.path,))
    if (ratio := max(image.width, image.height) / min(image.width, image.height)) > LONG_SIDES:
        words = f"one side is {ratio:.1f} times the other: a training crops it, or shrinks it to little"
        yield Finding("warning", "odd-aspect", words, (image.path,))


def of_size(image: ImageFile, terms: Terms, *, zipped: bool) -> Iterator[Finding]:
    """Sides below those that the training wants, and what becomes of them."""
    if min(image.width, image.height) >= WANTED_SIDE:
        return
    level: Level = "error" if zipped and terms.on_bad_image == "stop" else "warning"
    if zipped:
        words = f"in a zip nothing enlarges it to {WANTED_SIDE}"
    elif ENLARGED[terms.family]:
        words = f"sides below {WANTED_SIDE} are upscaled by the server"
    else:
        words = f"whether the server upscales sides below {WANTED_SIDE} for family {terms.family} is unknown"
    yield Finding(level, "small", f"{image.width} x {image.height} pixels: {words}", (image.path,))


def of_changes(found: Scan, known: Mapping[Path, ImageFile]) -> Iterator[Finding]:
    """What is different from what an earlier run began with: images that are new, edited or gone."""
    here = {image.path: image.sha256 for image in itertools.chain(found.images, *found.duplicates)}
    unusable = {Path(problem.path) for problem in found.problems}
    if new := tuple(image.path for image in found.images if image.path not in known):
        yield Finding("info", "new", "not there when the last run of this folder began", new)
    if edited := tuple(path for path, sha256 in here.items() if path in known and known[path].sha256 != sha256):
        yield Finding("info", "edited", "other bytes than when the last run of this folder began", edited)
    if gone := tuple(path for path in known if path not in here and path not in unusable):
        words = f"not there any more since the last run of this folder: {named(gone, found.folder)}"
        yield Finding("info", "gone", words)


def of_likeness(measured: Mapping[Path, Measures]) -> Iterator[Finding]:
    """What the pixels tell beside those of the other images: pictures that look alike, and those that are blurry."""
    seen = {path: one for path, one in measured.items() if one.contrast >= BLANK}
    for group in alike({path: one.hash for path, one in seen.items()}):
        words = f"{len(group)} pictures look the same: a training learns them by heart"
        yield Finding("warning", "near-duplicate", words, group)
    typical = statistics.median(one.sharpness for one in seen.values()) if len(seen) >= SET else 0.0
    for path, one in seen.items():
        if one.sharpness < BLURRY * typical:
            words = f"blurry beside the others: {one.sharpness / typical:.0%} of their sharpness"
            yield Finding("warning", "blurry", words, (path,))


def of_pixels(path: Path, one: Measures) -> Iterator[Finding]:
    """What the pixels of an image tell by themselves: too dark or too bright, or nothing to see."""
    if one.contrast < BLANK:
        yield Finding("warning", "blank", "next to nothing is seen: one colour all over", (path,))
        return
    if one.brightness < DARK:
        yield Finding("warning", "dark", f"dark: {one.brightness:.0%} of white on the average", (path,))
    if one.brightness > BRIGHT:
        yield Finding("info", "bright", f"nearly white: {one.brightness:.0%} of it on the average", (path,))
    if one.entropy < PLAIN:
        yield Finding("info", "plain", f"little to see: {one.entropy:.1f} bits a pixel", (path,))


def of_set(found: Scan, terms: Terms, requests_per_minute: float | None = None) -> Iterator[Finding]:
    """What they are together: how many, of which shapes, and how long they take."""
    count, family = len(found.images), terms.family
    if not count:
        yield Finding("error", "none", "no image here can be used")
        return
    if count < MINIMUM[family]:
        words = f"family {family} needs at least {MINIMUM[family]} images, {count} can be used"
        yield Finding("error", "too-few", words)
    if terms.by_zip(count):
        yield from _of_zip(found.images, family)
    elif count > MOST_EACH:
        words = f"a basic dataset holds {MOST_EACH} images: the server may refuse the rest"
        yield Finding("warning", "too-many", words)
    if not BEST[0] <= count <= BEST[1]:
        yield Finding("info", "count", f"{count:,} images; {BEST[0]} to {BEST[1]} train best")
    shapes = Counter(nearest_aspect(image.width, image.height) for image in found.images)
    told = ", ".join(f"{shape} ({number:,})" for shape, number in shapes.most_common())
    yield Finding("info", "aspects", f"aspect ratios: {told}")
    if found.ignored:
        yield Finding("info", "ignored", f"{found.ignored:,} files are neither images nor captions")
    yield Finding("info", "time", expected_time(count, terms, requests_per_minute))


def _of_zip(images: Sequence[ImageFile], family: Family) -> Iterator[Finding]:
    count, total = len(images), sum(image.size for image in images)
    if family == "2024":
        words = f"datasets of 2024 take no zip: at most {MOST_EACH} images, or upload=each; these are {count:,}"
        yield Finding("error", "too-many", words)
        return
    if count > MAX_IMAGES:
        yield Finding("error", "too-many", f"a zip holds at most {MAX_IMAGES} images, these are {count}")
    if total > MAX_BYTES:
        words = f"a zip holds at most {MAX_BYTES / 1e9:.0f} GB, these are {total / 1e9:.1f} GB"
        yield Finding("error", "too-many-bytes", words)
    yield Finding("info", "zip", f"{count:,} images go as one zip, which needs an address that takes it")


def nearest_aspect(width: int, height: int) -> AspectRatio:
    """The aspect ratio of the API that is next to that of these sides."""

    def distance(words: AspectRatio) -> float:
        across, _, down = words.partition(":")
        return abs(math.log(width / height * int(down) / int(across)))

    known: tuple[AspectRatio, ...] = get_args(AspectRatio)
    return min(known, key=distance)


def expected_time(count: int, terms: Terms, requests_per_minute: float | None = None) -> str:
    """How long uploads take under a rate limit, and the training: one request for each image, or one zip."""
    least, most = TRAINING_HOURS[terms.family]
    training = f"the training takes {least} to {most} hours"
    if terms.by_zip(count):
        return f"one zip, whatever the rate limit; {training}"
    paces = PACES if requests_per_minute is None else (requests_per_minute,)
    times = ", ".join(f"{_words_of(_MINUTE * count / pace)} at {pace:g} requests a minute" for pace in paces)
    return f"{count:,} uploads take at least {times}; {training}"


def _words_of(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < _MINUTE else f"{math.ceil(seconds / _MINUTE)} min"


def of_captions(texts: Texts, terms: Terms) -> Iterator[Finding]:
    """What the text files beside images say: with `captions="files"` each image needs one that can be used."""
    said = {path: text for path, text in texts.items() if isinstance(text, Caption)}
    missing = tuple(path for path, text in texts.items() if text is None)
    level: Level = "error" if terms.captions == "files" else "warning"
    longest = LONGEST_CAPTION[terms.family]
    if missing and terms.captions == "files":
        yield Finding(level, "caption-missing", "no text file beside it, which captions=files needs", missing)
    elif missing and len(missing) < len(texts):
        yield Finding(level, "caption-missing", "no text file beside it, as others have", missing)
    elif missing:
        yield Finding("info", "captions", "no text files beside the images: the server writes the captions")
    for path, text in texts.items():
        if isinstance(text, ImageError):
            yield Finding(level, text.code, f"its caption {text.message}", (path,))
        elif text is not None and text.length > longest:
            words = f"a caption of {text.length:,} characters, of which {longest:,} or so are learned"
            yield Finding("warning", "caption-long", words, (path,))
    for paths in _with_one_caption(said):
        words = f"{len(paths)} images have one caption: {_short(said[paths[0]].text)}"
        yield Finding("warning", "caption-twice", words, paths)
    if len(said) > 1 and len(shared := _shared_words(caption.text for caption in said.values())) >= PREFIX_WORDS:
        words = f"all captions begin with “{_short(' '.join(shared))}”, which belongs into the dataset's caption prefix"
        yield Finding("warning", "caption-prefix", words, tuple(said))


def of_orphans(texts: tuple[Path, ...]) -> Iterator[Finding]:
    """Text files that are nobody's captions."""
    if texts:
        words = "no image of this stem beside it: the caption of `cat.png` is `cat.txt`"
        yield Finding("warning", "caption-orphan", words, texts)


def _with_one_caption(said: Mapping[Path, Caption]) -> Iterator[tuple[Path, ...]]:
    groups: dict[bytes, list[Path]] = defaultdict(list)
    for path, caption in said.items():
        groups[caption.digest].append(path)
    return (tuple(group) for group in groups.values() if len(group) > 1)


def _shared_words(texts: Iterable[str]) -> list[str]:
    """The words with which all of them begin."""
    split = map(str.split, texts)
    shared = next(split)
    for words in split:
        pairs = zip(shared, words, strict=False)
        shared = [one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)]
    return shared


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
