"""The software bill of materials, made from the lock: `python -m tests.security.sbom` writes it anew.

CycloneDX 1.5, with the packages and versions of `requirements.lock` and nothing that depends on the machine, the
index or the hour. The hashes of their files are in the lock, which installs nothing else.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "sbom.cdx.json"

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def locked(lock: str) -> dict[str, str]:
    """Package -> version, as a lock pins them."""
    return dict(_PINNED.findall(lock))


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The bill of what a lock installs, for this project."""
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
            {
                "type": "library",
                "bom-ref": f"{name}@{version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
            }
            for name, version in locked(lock).items()
        ],
    }


def text() -> str:
    """The file as it must be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return json.dumps(bill(LOCK.read_text(), project), indent=2) + "\n"


if __name__ == "__main__":
    SBOM.write_text(text())
