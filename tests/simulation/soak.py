"""Any number of seeds on all cores, in shards that can be interrupted and merged.

A shard is a file with one JSON line per seed; it appears when it is complete, so whoever is interrupted loses what he
was at and nothing else. The same command goes on, as long as the code is the same: each line says which it was.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import bria_async

from .checker import Verdict
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
ENDS = ("done", "failed")
"""How runs end, beside those that are paused or stuck."""
BEYOND = ("healed", "duplicated")
"""What is also counted for the worlds beyond the settle delay by themselves."""
Say = Callable[[str], None]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@functools.cache
def sources() -> str:
    """What the code is that plays here: a digest of the library and of the simulation, as they are on disk now."""
    return digest(Path(bria_async.__file__).parent, Path(__file__).parent)


def digest(*folders: Path) -> str:
    """A digest of the names and contents of all files in these folders, but for what Python compiled of them."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.parent.name != "__pycache__":
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"{path.relative_to(folder)} {content}\n".encode())
    return found.hexdigest()[:12]


def one(climate: Climate) -> dict[str, Any]:
    """What became of a seed, as its line says it; whatever ends its world with an error is a seed that is stuck."""
    kills = 0
    try:
        verdict, story = play(climate)
        kills = story.kills
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # even SystemExit and Killed are only this seed's
        why = f"stuck: {type(error).__name__}: {error}".partition("\n")[0]
        verdict = Verdict(why, faults=climate.weather.counts.total(), stuck=1, problems=[why])
    return {
        "seed": climate.seed,
        "beyond": climate.beyond,
        "sources": sources(),
        "end": verdict.outcome.partition(":")[0],
        "virtual_hours": verdict.hours,
        "kills": kills,
        **{word: getattr(verdict, word) for word in WORDS if word != "kills"},
        "problems": verdict.problems,
    }


def shard(target: Path, seeds: range) -> Path:
    """Play these seeds and write their lines."""
    lines = [json.dumps(one(Climate.of(seed))) for seed in seeds]
    part = target.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    return part.replace(target)


def soak(folder: Path, first: int, count: int, say: Say = _say) -> bool:
    """Play all seeds from `first` that no shard of this code holds yet, and sum up; whether nothing is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        folder / f"{start:09d}-{min(start + SHARD, first + count):09d}.jsonl": range(
            start, min(start + SHARD, first + count)
        )
        for start in range(first, first + count, SHARD)
    }
    code = sources()  # as it was when this began, for all processes that are forked below
    missing = {target: seeds for target, seeds in wanted.items() if not _is_of(code, target)}
    for target in wanted.keys() - missing.keys():
        _tell(target, say)
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
    """Sum up shards, each seed once; the last line is one JSON object. Whether nothing is wrong.

    Raises:
        ValueError: the shards are of more than one state of the code, or do not say of which.
    """
    found = [line for path in shards for line in _lines(path)]
    if len(codes := {line.get("sources", "unknown") for line in found}) > 1 or "unknown" in codes:
        raise ValueError(f"these shards are not of one state of the code: {', '.join(sorted(codes))}")
    lines = list({line["seed"]: line for line in found}.values())
    beyond = [line for line in lines if line["beyond"]]
    total: dict[str, Any] = {
        "seeds": len(lines),
        "virtual_hours": round(sum(line["virtual_hours"] for line in lines)),
        **{word: sum(line[word] for line in lines) for word in WORDS},
        **{end: sum(line["end"] == end for line in lines) for end in ENDS},
        "beyond": {"seeds": len(beyond), **{word: sum(line[word] for line in beyond) for word in BEYOND}},
    }
    say(json.dumps(total))
    return not any(line["problems"] for line in lines)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _is_of(code: str, shard: Path) -> bool:
    """Whether there is this shard, and this code has made it."""
    return shard.exists() and all(line.get("sources") == code for line in _lines(shard))


def _tell(path: Path, say: Say) -> None:
    for line in _lines(path):
        for problem in (text.partition("\n")[0] for text in line["problems"]):
            say(f"seed {line['seed']}: {problem}\n  replay it: {replay(line['seed'])}")


def replay(seed: int) -> str:
    """The command that plays a seed again and tells all of it."""
    return f"python -m tests.simulation play {seed}"
