"""`python -m tests.faults` writes `tests/faults.md`; `--check` only tells whether it is up to date and complete."""

import argparse
import sys

from .rows import TABLE, collected, table


def main() -> int:
    """Write or check the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    marks = collected()
    text = table(marks.tests)
    problems = [f"no test is marked with {', '.join(marks.bare)}"] if marks.bare else []
    if not check:
        TABLE.write_text(text)
    elif not TABLE.exists() or TABLE.read_text() != text:
        problems.append("tests/faults.md is not up to date: run python -m tests.faults")
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
