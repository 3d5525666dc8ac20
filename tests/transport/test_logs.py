"""The log of requests: sentences for people, and fields for machines, without a secret in either."""

import json
import logging
from typing import Any

import pytest
from aiohttp import web

from bria_async import DownloadFailed, NotFound, OutcomeUnknown, Session, Unreadable
from tests.support import TOKEN, Recorder, picture
from tests.transport.sessions import CANARY, session

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@pytest.fixture(autouse=True)
def loud(caplog: pytest.LogCaptureFixture) -> None:
    """Hear all."""
    caplog.set_level(logging.DEBUG, "bria_async")


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a record carries beyond what all records do, as a JSON formatter would print it."""
    found: dict[str, Any] = json.loads(
        json.dumps({name: value for name, value in vars(record).items() if name not in STANDARD})
    )
    return found


async def test_attempts_are_records(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    """Each is one of level debug, and what another one follows one of level info."""
    answers = iter([web.Response(status=503)])
    server.answer = lambda _: next(answers, None) or web.json_response({"id": 1})
    async with session(server) as bria:
        await bria.models.update(1, name="x")
    told = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "bria_async"]
    wait = fields(caplog.records[0])["wait"]
    assert told == [
        ("DEBUG", "models.update: attempt 1: 503"),
        ("INFO", f"models.update: 503, again in {wait:.1f} s"),
        ("DEBUG", "models.update: attempt 2: 200"),
    ]
    first, again, second = map(fields, caplog.records)
    seconds = second.pop("seconds")
    assert seconds >= 0
    assert first == again
    assert (first["outcome"], first["status"], first["reason"]) == ("unknown", 503, "503")
    assert second == {
        "operation": "models.update",
        "effect": "safe",
        "attempt": 2,
        "outcome": None,
        "reason": "",
        "status": 200,
        "bytes_sent": len(b'{"name": "x"}'),
        "wait": None,
    }


async def test_what_was_perhaps_charged_is_a_warning(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    """With the fields of its attempt."""
    answers = iter([web.Response(status=503)])
    server.answer = lambda _: next(answers, None) or web.json_response({"id": 1, "visual_schema": "{}"})
    async with session(server, on_doubt="resend") as bria:
        await bria.projects.create(project_name="x", ip_type="other", ip_medium="photography")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert fields(record)["operation"] == "projects.create"
    assert (fields(record)["effect"], fields(record)["outcome"]) == ("findable", "unknown")


async def test_transfers_are_records_too(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    """Without their queries."""
    answers = iter([web.Response(status=503)])
    server.answer = lambda _: next(answers, None) or web.Response(body=b"1")
    async with session(server) as bria:
        await bria.fetch(f"{server.base_url}/a?signature={CANARY}")
    assert [fields(record)["attempt"] for record in caplog.records] == [1, 1, 2]
    assert {fields(record)["operation"] for record in caplog.records} == {"download"}
    assert CANARY not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (200, Unreadable), (503, OutcomeUnknown)])
async def test_no_record_holds_a_secret(
    server: Recorder, caplog: pytest.LogCaptureFixture, status: int, kind: type[Exception]
) -> None:
    """Neither sentence nor field, whatever the server repeats of what it was sent."""
    said = {"error": f"{CANARY} {TOKEN}"}
    server.answers(said, status, X_Canary=CANARY)
    async with session(server, on_attempt=lambda _: 1 / 0) as bria:
        with pytest.raises(kind):
            await bria.projects.create(project_name=CANARY, ip_type="other", ip_medium="photography")
        with pytest.raises(DownloadFailed):
            await bria.fetch(f"http://user:{TOKEN}@127.0.0.1:9/{status}?key={TOKEN}")
    assert caplog.records
    for record in caplog.records:
        shown = f"{record.getMessage()} {vars(record)} {logging.Formatter().format(record)}"
        assert TOKEN not in shown
        assert CANARY not in shown


async def test_a_job_is_logged_with_its_id(bria: Session, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever lost it finds it in the log."""
    done = await bria.editing.remove_background(image=picture(300, 300), wait=True)
    (record,) = [record for record in caplog.records if "accepted as job" in record.getMessage()]
    assert fields(record) == {"operation": "editing.remove_background", "job": done.request_id}
