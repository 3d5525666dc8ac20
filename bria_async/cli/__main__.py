"""`bria-async` and `python -m bria_async`."""

import importlib.util
import sys

NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line, if its extra is installed."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        sys.stderr.write('The command line needs an extra: pip install "bria-async[cli]"\n')
        sys.exit(2)
    from .app import app  # needs the extra

    app(prog_name="bria-async")


if __name__ == "__main__":
    main()
