"""`bria-async` and `python -m bria_async`."""

import contextlib
import os
import signal
import sys
from typing import Any, NoReturn

NEEDED = ("click", "rich")
STOPPING = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Run the command line, if its extra is installed."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _give_up)
    import importlib.util  # signals come first

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


def _give_up(number: int, _: Any) -> NoReturn:
    """End before there is a loop to take signals: an exception would be one of whatever is being imported."""
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), b"Interrupted. Nothing was sent.\n")
    os._exit(128 + number)


def _leave(code: int) -> NoReturn:
    """End at once; in order, the interpreter would wait for threads that may be stuck on a disk."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
