"""Jobs that a command waits for: known from the moment they are accepted, so that no end of the command loses one."""

import shlex
from typing import Any

import click

from bria_async.errors import BriaError, JobFailed, JobNotFound
from bria_async.session import Session
from bria_async.types.jobs import GeneratedImages, Submission
from bria_async.wire import Call, Polling

from .exits import Failure, exit_of
from .work import Interrupted


class WaitingSession(Session):
    """The session of a command that may wait: it tells which job was accepted, and remembers it.

    `job` is what `bria-async wait` takes: the id of a v2 job, or the addresses of v1 images; empty where nothing is
    waited for.
    """

    job: tuple[str, ...] = ()
    _waits: bool = False

    async def finish(self, call: Call, polling: Polling | None) -> Any:
        """Send a call, and wait for its job."""
        self._waits = True
        return await super().finish(call, polling)

    async def send(self, call: Call) -> Any:
        """Send a call, and remember the job that is waited for."""
        answer = await super().send(call)
        if self._waits and not self.job and (job := _begun_by(answer)):
            self.job = job
            click.echo(f"accepted as {' '.join(self.job)}", err=True)
        return answer

    def failure(self, error: BriaError | Interrupted, doubt: str) -> Failure:
        """The end of the command that met this error, with the command that waits again where there is a job.

        Args:
            error: what it met.
            doubt: what to say of an interruption before a job was accepted.
        """
        if not self.job or isinstance(error, JobFailed | JobNotFound):
            return Failure.of(error) if isinstance(error, BriaError) else Failure(doubt, error.code)
        if isinstance(error, BriaError):
            what, code = str(error), exit_of(error)
        else:
            what, code = "Interrupted. The job goes on at the server.", error.code
        return Failure(f"{what}\nWait for it with:\n  {shlex.join(['bria-async', 'wait', *self.job])}", code)


def _begun_by(answer: Any) -> tuple[str, ...]:
    """The job that an answer tells of; empty where it is a result already, or something else."""
    if isinstance(answer, Submission) and answer.result is None:
        return (answer.request_id,)
    return answer.urls if isinstance(answer, GeneratedImages) else ()
