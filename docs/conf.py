"""How Sphinx makes the site of README.md and docs/ (`make docs`): the pages stay plain Markdown.

The sidebar is made from the lists of `docs/index.md`, and the reference of the Python API, in `docs/api/`, from the
declarations and docstrings of the package.
"""

import inspect
import re
from importlib import import_module
from importlib.metadata import version as version_of
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sphinx.application import Sphinx

import bria_async.types
from bria_async.session import FAMILIES

DOCS = Path(__file__).parent

project = "bria_async"
copyright = "2026, the authors of bria_async"  # noqa: A001  # its name in Sphinx
release = version_of("bria-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "SECURITY.md", "benchmarks/*.md", "tests/faults.md", "docs/**"]
exclude_patterns = ["docs/site"]
default_role = "code"
"""Docstrings are written with single backticks."""
smartquotes = False
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!bria_async\.).*"),
    ("py:.*", r".*\._.*"),
    ("py:.*", r"bria_async\.(graph\.(?!events\.Event$)|sim\.routes|wire\.endpoint).*"),
    ("py:.*", r"bria_async\.images\.(look\.Look|probe\.Limits|terms\.Terms)$"),
    ("py:.*", r"bria_async\.engines\.(?!postgres\.database\.Database$|desk\.(Desk|Pulse)$).*"),
    ("py:.*", r"bria_async\.(wire\.call\.(Client|FilePart)|host\.(T|Worker))"),
]
"""What is not ours is described elsewhere; what is private, or of a floor that nobody calls, nowhere."""

myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_default_options = {"members": True, "member-order": "bysource", "undoc-members": True}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 100
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "bria_async"
html_extra_path = ["site"]
html_show_sourcelink = False

EVERYTHING: dict[str, tuple[str, ...]] = {
    "session": ("bria_async.session.Session", "bria_async.wire.call.Call", "bria_async.wire.polling.Polling",
                "bria_async.wire.retry.RetryPolicy", "bria_async.wire.retry.Sending",
                "bria_async.api.guidance.Guidance", "bria_async.host.Host"),
    "training": (*(f"bria_async.training.{name}" for name in import_module("bria_async.training").__all__),
                 "bria_async.graph.events.Event"),
    "webhooks": ("bria_async.wire.webhook.verify_webhook", "bria_async.wire.webhook.parse_webhook"),
    "inspection": (*(f"bria_async.images.{name}" for name in import_module("bria_async.images").__all__),
                   "bria_async.images.folder.Scan", "bria_async.images.probe.ImageFile",
                   "bria_async.images.captions.Caption", "bria_async.images.look.Measures",
                   "bria_async.images.look.Oddity"),
    "dashboard": (*(f"bria_async.dashboard.{name}" for name in import_module("bria_async.dashboard").__all__),
                  "bria_async.dashboard.sheet.write_sheet", "bria_async.dashboard.report.write_report",
                  "bria_async.training.place.Place"),
    "workers": ("bria_async.engines.postgres.database.Database", "bria_async.training.distributed.submit",
                "bria_async.training.worker.worker", "bria_async.engines.desk.Desk",
                "bria_async.engines.desk.Pulse"),
    "telemetry": ("bria_async.otel.Telemetry",),
    "testing": tuple(f"bria_async.testing.{name}" for name in ("bria_sim", "bria_session", "bria_env", "serving",
                                                               "ServedSimulator")),
    "simulator": tuple(f"bria_async.sim.{name}" for name in import_module("bria_async.sim").__all__),
    "errors": tuple(f"bria_async.errors.{name}" for name in import_module("bria_async.errors").__all__),
}  # fmt: skip
"""Page -> what is on it, beside the pages of the families and of the values that they answer with."""


def reference() -> dict[str, str]:
    """The pages of the Python API, by name."""
    pages = {name: _page(name.capitalize(), *map(_directive, named)) for name, named in EVERYTHING.items()}
    for family, kind in FAMILIES.items():
        pages[family] = _page(f"Session.{family}", f".. autoclass:: {kind.__module__}.{kind.__name__}",
                              "   :inherited-members: Family", "   :exclude-members: endpoints")  # fmt: skip
    for module in iter_modules(bria_async.types.__path__):
        pages[f"types-{module.name}"] = _page(
            f"Types: {module.name}", f".. automodule:: bria_async.types.{module.name}"
        )
    return pages


def _page(title: str, *lines: str) -> str:
    return "\n".join([title, "=" * len(title), "", *lines, ""])


def _directive(name: str) -> str:
    module, _, last = name.rpartition(".")
    value = getattr(import_module(module), last)
    if not callable(value):
        return ""  # a table, which has no docstring
    return f".. auto{'class' if inspect.isclass(value) else 'function'}:: {name}\n"


def write_reference(_: Sphinx) -> None:
    """Write the pages of the Python API; those that did not change keep their time."""
    folder = DOCS / "api"
    folder.mkdir(exist_ok=True)
    pages = {f"{name}.rst": text for name, text in reference().items()}
    for old in {path.name for path in folder.iterdir()} - pages.keys():
        (folder / old).unlink()
    for name, text in pages.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)


def add_sidebar(_: Sphinx, name: str, source: list[str]) -> None:
    """Put what a page lists into the sidebar: under the headings of the index, and the Python API under its page."""
    if name == root_doc:
        for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", source[0], re.DOTALL | re.MULTILINE):
            pages = [f"/{_from_root(link)}" for link in re.findall(r"^- \[.*?\]\((.*?\.md)\)", text, re.MULTILINE)]
            source[0] += _toctree(title, pages)
    elif name == "docs/api":
        source[0] += _toctree("", [f"/docs/api/{page}" for page in reference()])


def _from_root(link: str) -> str:
    return str((DOCS / link).resolve().relative_to(DOCS.parent).with_suffix(""))


def _toctree(title: str, pages: list[str]) -> str:
    return "\n".join(
        ["", "```{toctree}", ":hidden:", *([f":caption: {title}"] if title else []), "", *pages, "```", ""]
    )


def keep_whole(_: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon in the docstring of an attribute for its type."""
    if what == "attribute":
        lines[:0] = [".. whole", ""]  # a comment, and its only line


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("builder-inited", write_reference)
    app.connect("source-read", add_sidebar)
    app.connect("autodoc-process-docstring", keep_whole, priority=400)  # before napoleon, whose is 500
    return {"parallel_read_safe": True}
