"""`python -m tests.batches` measures batches of 10, 100 and 1,000 runs, each in a process of its own."""

import argparse
import json
import sys

import attrs

from .studio import measure, measure_apart, table


def main() -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.batches", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    one = commands.add_parser("one", help="measure a batch in this process, as JSON")
    for name in ("runs", "images", "kills"):
        one.add_argument(name, type=int)
    many = commands.add_parser("grow", help="measure batches of growing size")
    many.add_argument("--runs", type=int, nargs="+", default=[10, 100, 1000])
    many.add_argument("--images", type=int, default=20)
    many.add_argument("--kills", type=int, default=5)
    given = parser.parse_args(sys.argv[1:] or ["grow"])
    if given.command == "one":
        sys.stdout.write(json.dumps(attrs.asdict(measure(given.runs, given.images, given.kills))))
        return 0
    found = [measure_apart(runs, given.images, given.kills) for runs in given.runs]
    sys.stdout.write(f"{table(found)}\n")
    return 0 if all(one.exactly_once for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
