"""What it takes until a program can begin: CPU of fresh interpreters that import something, over bare ones.

Modules are compiled beforehand, as an installer does it. Every other process is bare: what those took is taken away.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .contender import FAST, Round
from .contest import Bar, Contender, Question
from .server import IMAGE
from .small import PATH, TOKEN

BARE = "pass"

FIRST_CALL = f"""
import asyncio
from bria_async import Session

async def main():
    async with Session({TOKEN!r}, {{url!r}}) as bria:
        assert (await bria.images.get(77, 1000)).id == {IMAGE["id"]}

asyncio.run(main())
"""

FIRST_GET = f"""
import asyncio, json
import aiohttp

async def main():
    async with aiohttp.ClientSession() as http, http.get({{url!r}} + {PATH!r}) as response:
        assert json.loads(await response.read())["id"] == {IMAGE["id"]}

asyncio.run(main())
"""

LIGHT = "; import sys; assert not {'aiohttp', 'PIL'} & set(sys.modules)"


def took(arguments: Sequence[str], compiled: str, says: str) -> float:
    """The CPU milliseconds, as the operating system counts them, of an interpreter that finds its modules compiled
    there; raises when it does not say what it should.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    with subprocess.Popen(
        [sys.executable, "-P", *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as one:
        assert one.stdout
        said = one.stdout.read()
        _, status, used = os.wait4(one.pid, 0)
        one.returncode = os.waitstatus_to_exitcode(status)
    if one.returncode or says not in said:
        raise AssertionError(f"{one.args!r} ended with {one.returncode} and said {said!r}")
    return (used.ru_utime + used.ru_stime) * 1e3


def module(*arguments: str) -> str:
    """Code that does what `python -m` does."""
    return f"import runpy, sys; sys.argv = {[*arguments]!r}; runpy.run_module({arguments[0]!r}, run_name='__main__')"


def program(code: str, *, fast: bool = False) -> list[str]:
    """The arguments that run this code, and say so at its end; only if `fast` with the packages of that extra."""
    hidden = () if fast else FAST
    return ["-c", f"import sys; sys.modules.update(dict.fromkeys({hidden!r}))\n{code}\nprint('done')"]


@contextlib.contextmanager
def fresh(work: Mapping[str, Any]) -> Iterator[Round]:
    """Processes that run some code."""
    code = work["code"]
    arguments = program(code.replace("{url!r}", repr(work["url"])), fast="fast" in work)
    with tempfile.TemporaryDirectory() as compiled:
        pair = ((arguments, work.get("says", "done")), (program(BARE), "done"))
        for each, says in pair:
            took(each, compiled, says)  # compiles

        async def measure() -> dict[str, float]:
            found = [[took(each, compiled, says) for each, says in pair] for _ in range(work["processes"])]
            ours, bare = zip(*found, strict=True)
            over = 0.0 if code == BARE else 1.0
            middle, least = (kind(ours) - over * kind(bare) for kind in (statistics.median, min))
            return {"ms": middle, "fastest": least}

        yield Round(measure)


HELP, USAGE = module("bria_async", "--help"), "Usage: bria-async"


def _importing(name: str, code: str, *needs: str, **options: Any) -> Contender:
    return Contender(name, f"{__name__}:fresh", needs=needs, options={"code": code, **options})


IMPORT = Question(
    name="import",
    asks="Until a program can begin, in fresh processes",
    figure="ms",
    unit="ms of CPU over a bare interpreter",
    contenders=(
        _importing("a bare interpreter, in itself", BARE),
        _importing("import bria_async", "import bria_async" + LIGHT),
        _importing("import bria_async, fast", "import bria_async" + LIGHT, *FAST, fast=True),
        _importing("bria_async: Session", "from bria_async import Session" + LIGHT),
        _importing("bria_async: a Session, not open", f"from bria_async import Session; Session({TOKEN!r})" + LIGHT),
        _importing("bria_async: a first call and its answer", FIRST_CALL),
        _importing("bria_async: the same, fast", FIRST_CALL, *FAST, fast=True),
        _importing("bria_async: train", "from bria_async import train"),
        _importing("bria-async --help", HELP, "click", "rich", says=USAGE),
        _importing("bria-async --help, fast", HELP, "click", "rich", *FAST, says=USAGE, fast=True),
        _importing("asyncio", "import asyncio"),
        _importing("aiohttp", "import aiohttp"),
        _importing("aiohttp: a first call and its answer", FIRST_GET),
        _importing("httpx", "import httpx", "httpx"),
        _importing("bria_client", "from bria_client import BriaAsyncClient", "bria_client"),
        _importing("elasticsearch", "from elasticsearch import AsyncElasticsearch", "elasticsearch"),
        _importing("openai", "from openai import AsyncOpenAI", "openai"),
    ),
    bars=tuple(
        Bar(f"{what}{end}", most)
        for what, most in (("import bria_async", 60), ("bria-async --help", 150))
        for end in ("", ", fast")
    ),
    server=("benchmarks.server", "small"),
    work={"processes": 5},
    quick={"processes": 1},
    also=("fastest",),
)
