"""The software bill of materials, made from the lock: `python -m tests.security.sbom` writes it anew.

CycloneDX 1.5, with the packages and versions of `requirements.lock`, and nothing that depends on the machine, the
index or the hour. The hashes of their files are in the lock, which installs nothing else. What lies in this package
though others wrote it is there with the hashes of its files.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "sbom.cdx.json"

UPLOT = ROOT / "bria_async" / "dashboard" / "static" / "uplot"
UPLOT_VERSION = "1.6.32"
UPLOT_FILES = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""The sha256 of each file: written here by whoever brings another version, and by nothing else."""

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def locked(lock: str) -> dict[str, str]:
    """Package -> version, as a lock pins them."""
    return dict(_PINNED.findall(lock))


def uplot() -> dict[str, Any]:
    """The plots of the dashboard, which no lock knows: its files lie in this package."""
    return {
        "type": "library",
        "bom-ref": f"uplot@{UPLOT_VERSION}",
        "name": "uplot",
        "version": UPLOT_VERSION,
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": f"pkg:npm/uplot@{UPLOT_VERSION}",
        "components": [
            {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]}
            for name, sha256 in UPLOT_FILES.items()
        ],
    }


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The bill of what a lock installs, and of what lies in this package, for this project."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [
            *(
                {
                    "type": "library",
                    "bom-ref": f"{name}@{version}",
                    "name": name,
                    "version": version,
                    "purl": f"pkg:pypi/{name}@{version}",
                }
                for name, version in locked(lock).items()
            ),
            uplot(),
        ],
    }


def text() -> str:
    """The file as it must be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return json.dumps(bill(LOCK.read_text(), project), indent=2) + "\n"


if __name__ == "__main__":
    SBOM.write_text(text())
