"""`bria-async` and `python -m bria_async`."""

import contextlib
import importlib.util
import os
import sys

NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line, if its extra is installed."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        sys.stderr.write('The command line needs an extra: pip install "bria-async[cli]"\n')
        sys.exit(2)
    from .app import app  # needs the extra
    from .exits import Exit  # as above

    try:
        app(prog_name="bria-async")
    except SystemExit as end:
        if end.code in (Exit.INTERRUPTED, Exit.TERMINATED):
            _leave(end.code)
        raise


def _leave(code: int) -> None:
    """End at once; in order, the interpreter would wait for threads that may be stuck on a disk."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
