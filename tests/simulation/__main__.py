"""`python -m tests.simulation play SEED` tells the story of a seed; `soak` plays many; `merge` sums up shards."""

import argparse
import sys
from pathlib import Path

from .climate import Climate
from .play import play
from .soak import merge, soak


def main() -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("play", help="tell the story of a seed")
    one.add_argument("seed", type=int)
    many = commands.add_parser("soak", help="play many seeds on all cores")
    many.add_argument("--seeds", type=int, default=1000)
    many.add_argument("--from", dest="first", type=int, default=0)
    many.add_argument("--shards", type=Path, default=Path("soak"))
    merged = commands.add_parser("merge", help="sum up shards, of several machines perhaps")
    merged.add_argument("shards", type=Path, nargs="+")
    given = parser.parse_args()
    if given.command == "soak":
        return 0 if soak(given.shards, given.first, given.seeds) else 1
    if given.command == "merge":
        try:
            return 0 if merge(given.shards) else 1
        except ValueError as error:
            parser.error(str(error))
    verdict, story = play(Climate.of(given.seed))
    told = "\n".join(story.heard)
    sys.stdout.write(f"{told}\n\n{story.climate}\n{verdict}\ntrace {story.trace}\n")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
