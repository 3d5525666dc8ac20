"""What is measured: `python -m benchmarks NAME ...`, or `all`; `--json FILE` keeps every round."""

import argparse
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import attrs

from . import decode, first_upload, growth, imports, journal, lag, limit, memory, scan, small, train, uploads
from .contest import Answer, Question, ask
from .tables import machine, table

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        small.GET,
        small.SUBMIT,
        imports.IMPORT,
        decode.DECODE,
        limit.LIMIT,
        scan.SCAN,
        first_upload.FIRST_UPLOAD,
        *uploads.QUESTIONS,
        *lag.QUESTIONS,
        train.TRAIN,
        journal.JOURNAL,
        growth.GROWTH,
        *memory.QUESTIONS,  # these take as long as all others together
    )
}

PACKAGES = (
    *("aiohttp", "attrs", "cattrs", "anyio", "uvloop", "msgspec"),
    *("httpx", "requests", "openai", "elasticsearch", "dbos"),
)


def main() -> None:
    """Read the arguments, ask, and show what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="+", choices=[*QUESTIONS, "all"], metavar="NAME", help=", ".join(QUESTIONS))
    parser.add_argument("--only", action="append", metavar="TEXT", help="leave out who has none of these in his name")
    parser.add_argument("--rounds", type=int, help="how many rounds everybody does")
    parser.add_argument("--quick", action="store_true", help="only see that it works: little work, no figures to quote")
    parser.add_argument("--json", type=Path, help="where all figures of all rounds go")
    given = parser.parse_args()
    answers = []
    print(machine())
    for name in QUESTIONS if "all" in given.names else given.names:
        answers.append(ask(_among(QUESTIONS[name], given.only), rounds=given.rounds, quick=given.quick))
        print(f"\n{table(answers[-1])}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(_kept(answers), indent=1) + "\n")


def _among(question: Question, only: list[str] | None) -> Question:
    """The question with only some of its contenders, by parts of their names."""
    some = [each for each in question.contenders if not only or any(text in each.name for text in only)]
    return attrs.evolve(question, contenders=some)


def _kept(answers: list[Answer]) -> dict[str, Any]:
    """All that somebody else needs to judge."""
    return {
        "machine": {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()},
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "questions": {
            answer.question.name: {
                "unit": answer.question.unit,
                "rounds": answer.rounds,
                "left_out": dict(answer.left_out),
                "bars": [{**attrs.asdict(bar), "reached": reached} for bar, reached in answer.judged()],
            }
            for answer in answers
        },
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
