"""Any number of seeds on all cores, in shards that can be interrupted and merged.

A shard is a file with one JSON line per seed; it appears when it is complete, so whoever is interrupted loses what he
was at and nothing else. The same command goes on.
"""

import concurrent.futures
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .climate import Climate
from .play import play

SHARD = 50
"""Seeds in one shard."""
WORDS = (
    "faults",
    "kills",
    "lost",
    "duplicated",
    "healed",
    "double_spent",
    "perhaps_charged",
    "leaks",
    "paused",
    "stuck",
)


Say = Callable[[str], None]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def one(seed: int) -> dict[str, Any]:
    """What became of a seed, as its line says it."""
    verdict, story = play(Climate.of(seed))
    return {
        "seed": seed,
        "virtual_hours": verdict.hours,
        "kills": story.kills,
        **{word: getattr(verdict, word) for word in WORDS if word != "kills"},
        "problems": verdict.problems,
    }


def shard(target: Path, seeds: range) -> Path:
    """Play these seeds and write their lines."""
    lines = [json.dumps(one(seed)) for seed in seeds]
    part = target.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    return part.replace(target)


def soak(folder: Path, first: int, count: int, say: Say = _say) -> bool:
    """Play all seeds from `first` that no shard holds yet, and sum up; whether nothing is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        folder / f"{start:09d}-{min(start + SHARD, first + count):09d}.jsonl": range(
            start, min(start + SHARD, first + count)
        )
        for start in range(first, first + count, SHARD)
    }
    missing = {target: seeds for target, seeds in wanted.items() if not target.exists()}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(shard, target, seeds) for target, seeds in missing.items()]
        try:
            for number, done in enumerate(concurrent.futures.as_completed(running), 1):
                _tell(done.result(), say)
                if number % 20 == 0:
                    say(f"{number} of {len(running)} shards")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return merge(wanted, say)


def merge(shards: Iterable[Path], say: Say = _say) -> bool:
    """Sum up shards; the last line is one JSON object. Whether nothing is wrong."""
    total: dict[str, Any] = dict.fromkeys(("seeds", "virtual_hours", *WORDS), 0)
    wrong = 0
    for path in sorted(shards):
        for line in path.read_text().splitlines():
            found = json.loads(line)
            total["seeds"] += 1
            for word in total.keys() - {"seeds"}:
                total[word] += found[word]
            wrong += bool(found["problems"])
    total["virtual_hours"] = round(total["virtual_hours"])
    say(json.dumps(total))
    return not wrong


def _tell(path: Path, say: Say) -> None:
    for line in path.read_text().splitlines():
        found = json.loads(line)
        for problem in found["problems"]:
            say(f"seed {found['seed']}: {problem}\n  replay it: {replay(found['seed'])}")


def replay(seed: int) -> str:
    """The command that plays a seed again and tells all of it."""
    return f"python -m tests.simulation play {seed}"
