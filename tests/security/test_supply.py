"""What is installed: locked by hash, listed in a bill of materials, and not older than what is known to be mended."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from bria_async.cli.__main__ import NEEDED
from tests.security import sbom
from tests.security.sbom import LOCK, ROOT, SBOM, UPLOT, bill, locked

FLOORS = tomllib.loads((ROOT / "security-floors.toml").read_text())
ELSEWHERE = re.compile(r"https?://|file:|index-url|find-links|/home/|/root/|/Users/|/tmp/|[A-Za-z]:\\")
"""Addresses of indexes, and paths of machines."""


def test_every_package_is_locked_by_version_and_hash() -> None:
    """A package without a hash, or from elsewhere, would be installed unseen."""
    blocks = re.split(r"\n(?=\S)", LOCK.read_text().strip())
    loose = [block.split()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)]
    assert not loose, f"without a hash: {loose}"
    assert len(blocks) == len(locked(LOCK.read_text())), "a line that pins no version"


def test_the_bill_names_exactly_what_is_locked() -> None:
    """Package by package and version by version; `python -m tests.security.sbom` writes it anew."""
    listed = json.loads(SBOM.read_text())
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    *installed, within = listed["components"]
    assert {part["name"]: part["version"] for part in installed} == locked(LOCK.read_text())
    assert within == sbom.uplot()
    assert SBOM.read_text() == sbom.text(), "it is not what the script writes"


def test_a_change_of_the_lock_changes_the_bill() -> None:
    """Markers and hashes do not hide a version."""
    lock = 'a==1.2 \\\n    --hash=sha256:0\nb-c==3 ; sys_platform == "win32" \\\n    --hash=sha256:1\n'
    made = bill(lock, {"name": "x", "version": "0", "license": "MIT"})
    assert [part["purl"] for part in made["components"]][:-1] == ["pkg:pypi/a@1.2", "pkg:pypi/b-c@3"]


def test_what_others_wrote_in_this_package_is_what_was_recorded() -> None:
    """Byte by byte, under the version that it says of itself; nothing is added to it."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in UPLOT.iterdir()}
    assert found == sbom.UPLOT_FILES
    assert f"(v{sbom.UPLOT_VERSION})" in (UPLOT / "uPlot.iife.min.js").read_text().partition("\n")[0]


def test_every_licence_is_told() -> None:
    """A wheel brings our own, and that of whatever others wrote in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    within = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bria_async").rglob("LICENSE*")}
    assert len(within) == 1
    assert set(project["license-files"]) == {"LICENSE"} | within


@pytest.mark.parametrize("path", [LOCK, SBOM], ids=lambda path: path.name)
def test_nothing_tells_where_it_was_made(path: Path) -> None:
    """Neither the address of an index, which may hold a password, nor a path of a machine."""
    assert not ELSEWHERE.findall(path.read_text())


@pytest.mark.parametrize("package", FLOORS)
def test_the_lock_is_not_older_than_what_was_mended(package: str) -> None:
    """Each floor has a reason, and is met."""
    floor, version = FLOORS[package], locked(LOCK.read_text())[package]
    assert Version(version) >= Version(floor["minimum"]), f"{package} {version} is below {floor['minimum']}"
    assert floor["why"].strip()


@pytest.mark.parametrize("extra", ["cli", "dashboard"])
def test_the_command_of_an_extra_finds_what_it_needs(extra: str) -> None:
    """Whoever installs `dashboard` alone can type `bria-async dashboard`."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    def packages(name: str) -> set[str]:
        found = [Requirement(line) for line in extras[name]]
        others = {more for one in found if one.name == "bria-async" for more in one.extras}
        return {one.name for one in found}.union(*map(packages, others))

    assert packages(extra) >= {*NEEDED, "jinja2", "pillow"}


def test_what_a_user_installs_has_a_floor() -> None:
    """What meets bytes of strangers, aiohttp and Pillow, has one; that of aiohttp is at least 3.14.5."""
    assert {"aiohttp", "pillow"} <= FLOORS.keys()
    assert Version(FLOORS["aiohttp"]["minimum"]) >= Version("3.14.5")
