"""DBOS as the carrier of jobs: it brings each to some worker, one workflow a job, in queues that all workers share.

A workflow has one argument, the job's id, no steps and no result: what is true stands in our own tables. So nothing is
replayed by position, and what DBOS keeps of a job may be deleted as soon as the job is over.
"""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from bria_async.errors import ConfigurationError

from .postgres.database import FORMAT, Database
from .postgres.jobs import Job

APPLICATION = "bria-async"
RELEASE = f"tables-{FORMAT}"
"""What DBOS takes for the version of the application: any worker that reads the tables may do what is in them."""
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
MANY = 1000
"""Workflows that are looked at, or forgotten, at once."""
WORKFLOW = "job"


@attrs.define(eq=False)
class Carrier:
    """DBOS in this process, of which there can be one."""

    database: Database
    number: int
    """Of the worker."""
    do: Callable[[str], Awaitable[None]]
    """Does a job."""
    _dbos: Any = attrs.field(default=None, init=False)
    _client: Any = attrs.field(default=None, init=False)

    def launch(self) -> None:
        """Begin to take what is in the queues, once there are some.

        Raises:
            ConfigurationError: it is not installed.
        """
        package = _driver()
        do = self.do

        async def job(job_id: str) -> None:
            await do(job_id)

        package.DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self.database.kept_alive,
                "application_version": RELEASE,
                "executor_id": f"{_EXECUTOR}{self.number}",
                "log_level": "ERROR",
            }
        )
        self._dbos = package.DBOS
        self._dbos.workflow(name=WORKFLOW, max_recovery_attempts=None)(job)
        self._dbos.launch()  # in the loop's own thread: that is how it learns which loop is ours
        self._client = package.DBOSClient(
            system_database_url=self.database.kept_alive, application_name=APPLICATION, lazy=True
        )

    async def open_queue(
        self, name: str, poll: float, *, here: int | None = None, everywhere: int | None = None
    ) -> None:
        """Take from this queue, looked into every so many seconds, so many jobs at once, here and everywhere."""
        await self._dbos.register_queue_async(
            name,
            worker_concurrency=here,
            global_concurrency=everywhere,
            polling_interval_sec=poll,
            on_conflict="always_update",
        )

    async def send(self, job: Job) -> None:
        """Bring a job on its way; one that is on its way already stays as it is."""
        options = {
            "workflow_name": WORKFLOW,
            "queue_name": job.queue,
            "workflow_id": job.id,
            "app_version": RELEASE,
        }
        await self._client.enqueue_async(options, job.id)

    async def given(self) -> Mapping[int, Sequence[str]]:
        """The jobs that were given to workers and are not over, by worker."""
        held = await self._client.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        found: dict[int, list[str]] = {}
        for workflow in held:
            _, _, number = (workflow.executor_id or "").partition(_EXECUTOR)
            if number.isdecimal():
                found.setdefault(int(number), []).append(workflow.workflow_id)
        return found

    async def known(self, jobs: Iterable[str]) -> frozenset[str]:
        """Those of these jobs that are on their way, or were."""
        found = [
            await self._client.list_workflows_async(workflow_ids=some, load_input=False, load_output=False)
            for some in _in_pieces(jobs)
        ]
        return frozenset(workflow.workflow_id for some in found for workflow in some)

    async def ended(self) -> list[str]:
        """Jobs that were brought to somebody who returned, many at a time."""
        found = await self._client.list_workflows_async(status=ENDED, limit=MANY, load_input=False, load_output=False)
        return [workflow.workflow_id for workflow in found]

    async def forget(self, jobs: Iterable[str]) -> None:
        """Bring these jobs to nobody any more, and keep nothing of them: each may be sent anew."""
        for some in _in_pieces(jobs):
            await self._client.delete_workflows_async(some)

    async def end(self) -> None:
        """Take nothing any more."""
        await asyncio.to_thread(self._client.destroy)
        await asyncio.to_thread(self._dbos.destroy, destroy_registry=True)
        # It gave the loop an executor of its own, and took that with it.
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor())


_EXECUTOR = "worker-"


def _in_pieces(jobs: Iterable[str]) -> list[list[str]]:
    wanted = list(jobs)
    return [wanted[first : first + MANY] for first in range(0, len(wanted), MANY)]


def _driver() -> Any:
    """DBOS, which comes with an extra.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import dbos  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError("Workers on DBOS need: pip install 'bria-async[dbos]'") from None
    return dbos
