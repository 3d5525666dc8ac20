"""How answers show themselves in notebooks: what they say, with their pictures, and nothing that is HTML by itself."""

import copy
import pickle
from html.parser import HTMLParser
from typing import Any

import pytest

from bria_async.types.common import Value
from bria_async.types.datasets import Dataset
from bria_async.types.images import DatasetImage
from bria_async.types.jobs import Blocked, GeneratedImage, GeneratedImages, JobResult, Submission
from bria_async.types.models import Model
from bria_async.types.notebook import LONGEST, MOST
from bria_async.wire.convert import structure, unstructure

EVIL = "\"><script>alert('x')</script><img src=x onerror=y>"
PICTURE = "https://example.org/1.png?a=1&b=2"
TAGS = {"div", "strong", "table", "tr", "th", "td", "figure", "figcaption", "img", "p"}


class Parsed(HTMLParser):
    """The tags of a page, with their attributes, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.pictures: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.pictures += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.text += f"{data}\n"


def shown(value: Any) -> Parsed:
    """What a notebook shows of a value."""
    return Parsed(value._repr_html_())


ANSWERS: list[Value] = [
    DatasetImage(id=1, caption=EVIL, image_name=EVIL, thumbnail_url=PICTURE, image_url=f"{PICTURE}&large"),
    Dataset(id=EVIL, name=EVIL, images=(DatasetImage(id=2, caption=EVIL, image_url=PICTURE),)),
    JobResult(image_url=PICTURE, prompt=EVIL, seed=7),
    Submission(request_id=EVIL, warning=EVIL, result=JobResult(image_url=PICTURE, prompt=EVIL)),
    GeneratedImage(urls=(PICTURE,), name=EVIL),
    GeneratedImages(result=(GeneratedImage(urls=(PICTURE,)), Blocked(blocked=True, description=EVIL))),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_an_answer_shows_its_picture_and_says_nothing_as_html(answer: Value) -> None:
    """Whatever the server says is text; the smallest of its pictures is shown, by its address."""
    page = shown(answer)
    assert set(page.tags) <= TAGS
    assert page.attributes <= {"style", "src", "alt", "loading"}
    assert page.pictures == [PICTURE]
    assert type(answer).__name__ in page.text


def test_what_is_known_is_shown_and_nothing_else() -> None:
    """Attributes without a value are left out, and the raw answer is not repeated."""
    page = shown(Model(id=12, name="vases", raw={"id": 12, "hidden": "word"}))
    assert "12" in page.text and "vases" in page.text
    assert "None" not in page.text and "hidden" not in page.text
    assert page.tags.count("tr") == 2


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", EVIL])
def test_only_addresses_of_pictures_are_pictures(address: str) -> None:
    """Others are shown as texts."""
    page = shown(DatasetImage(id=1, image_url=address))
    assert page.pictures == []
    assert address[:10] in page.text


def test_many_pictures_and_long_texts_are_cut_short() -> None:
    """A dataset of thousands is still a small page, which says how many there are."""
    images = tuple(DatasetImage(id=number, image_url=f"https://a/{number}.png") for number in range(MOST + 5))
    page = shown(Dataset(id=1, visual_schema="x" * 10_000, images=images))
    assert len(page.pictures) == MOST
    assert "and 5 more" in page.text
    assert f"{MOST + 5}" in page.text
    assert "x" * LONGEST in page.text and "x" * (LONGEST + 1) not in page.text


def test_a_list_of_answers_shows_a_line_of_each() -> None:
    """With what any of them says, and their pictures; what a server says is text, and many are cut short."""
    said = [{"id": number, "caption": EVIL, "thumbnail_url": f"{PICTURE}&n={number}"} for number in range(MOST + 5)]
    page = shown(structure(said, tuple[DatasetImage, ...]))
    assert set(page.tags) <= TAGS
    assert page.pictures == [each["thumbnail_url"] for each in said[:MOST]]
    assert page.tags.count("tr") == 1 + MOST and page.tags.count("th") == 2
    assert f"{MOST + 5} \N{MULTIPLICATION SIGN} DatasetImage" in page.text
    assert page.text.count("and 5 more") == 1
    assert "nothing" in shown(structure([], tuple[Dataset, ...])).text


def test_a_list_of_answers_is_a_tuple() -> None:
    """It equals one, has its hash, is pickled, copied and written as one; a list of texts is nothing else."""
    found = structure([{"id": 1}, {"id": 2}], tuple[Dataset, ...])
    assert isinstance(found, tuple)
    assert found == (Dataset(id=1), Dataset(id=2)) and hash(found) == hash((Dataset(id=1), Dataset(id=2)))
    again = pickle.loads(pickle.dumps(found))  # noqa: S301  # our own
    assert again == found and type(again) is type(found)
    assert copy.deepcopy(found) == found
    assert unstructure(found) == ({"id": 1}, {"id": 2})
    assert type(structure(["a"], tuple[str, ...])) is tuple
