"""Status of v2 jobs."""

from typing import Any

from bria_async.sim.answers import Answer
from bria_async.sim.entities import Job
from bria_async.sim.routes import Call, Routes
from bria_async.sim.studio import outcome

routes = Routes()

_ERRORS = {
    "ERROR": (500, "The generation failed", "simulated by option"),
    "BLOCKED": (422, "The generated image did not pass content moderation", ""),
}


@routes.get("/v2/status/{request_id}", "jobs.status", answers="200 404 5XX", generations="DE")
async def status(call: Call) -> Answer:
    """200 whatever became of the job; 404 NOT_FOUND for an id that is unknown, too young or forgotten."""
    options, job = call.options, call.world.jobs.get(call.path["request_id"])
    age = call.now - job.created_at if job else 0.0
    forgotten = options.job_lifetime is not None and age >= options.job_lifetime
    if job is None or not job.polled or age < options.not_found_grace or forgotten:
        return Answer(404, {"status": "NOT_FOUND"})
    return Answer(200, report(call, job))


def report(call: Call, job: Job) -> dict[str, Any]:
    """What became of a job so far."""
    state = job.status(call.now)
    body: dict[str, Any] = {"status": state, "request_id": job.id}
    if state == "COMPLETED" and any(result.blocked for result in job.results):
        body |= {"status": "ERROR", "error": _error("BLOCKED")}
    elif state == "COMPLETED":
        body["result"] = outcome(call, job)
    elif state == "ERROR":
        body["error"] = _error("ERROR")
    return body


def _error(kind: str) -> dict[str, Any]:
    code, message, details = _ERRORS[kind]
    return {"code": code, "message": message, "details": details}
