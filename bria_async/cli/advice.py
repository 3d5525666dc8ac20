"""What the library says to those who write Python, as it is typed on the command line."""

import re

_TYPED = {
    " Session(strict=False) sends values as given.": "",  # `call` says so where that helps
    "Session(token=...)": "--token-file",
    "Session(requests_per_minute=...)": "--requests-per-minute",
    "wait=True": "wait=true",
    "pathlib.Path(...)": "@FILE",
    "a path or as bytes": "@FILE",
}

_WAIT = re.compile(r"jobs\.wait(?:\('([^']*)'\))?")


def typed(text: str) -> str:
    """The same advice in the words of the command line."""
    for said, meant in _TYPED.items():
        text = text.replace(said, meant)
    return _WAIT.sub(lambda found: f"bria-async wait {found[1] or ''}".rstrip(), text)
