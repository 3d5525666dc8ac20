"""`python -m tests.workers`: many machines proven with real processes; prints what was measured as one JSON object."""

import argparse
import asyncio
import json
import sys

from .proof import Proof


def main() -> int:
    """Run the proof; the exit code is 1 where something was lost, or made twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.workers", description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--rate", type=int, default=1000, help="requests per minute and endpoint")
    parser.add_argument("--killed", type=int, default=2, help="workers that are killed for good")
    parser.add_argument("--minutes", type=float, default=30.0, help="after which it has failed")
    parser.add_argument("--quiet", action="store_true")
    measured = asyncio.run(Proof(**vars(parser.parse_args())).run())
    sys.stdout.write(json.dumps(measured) + "\n")
    return 0 if not measured["wrong"] and measured["done"] == measured["runs"] else 1


if __name__ == "__main__":
    sys.exit(main())
