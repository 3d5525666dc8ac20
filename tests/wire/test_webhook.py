"""Webhooks: the published vector, forgeries, and bodies."""

import json

import pytest

import bria_async
from bria_async.errors import WebhookInvalid
from bria_async.types.jobs import JobWord
from bria_async.wire.webhook import parse_webhook, verify_webhook

TOKEN = "contract-test-shared-token"
BODY = b'{"status":"COMPLETED","result":{"url":"https://cdn.bria.ai/final.png"},"request_id":"req_contract_test_001"}'
HEADERS = {
    "Bria-Webhook-Id": "req_contract_test_001",
    "Bria-Webhook-Timestamp": "1700000000",
    "Bria-Webhook-Signature": "v1=muClfnkuIXEqW69htILKVEwJdzC0LWB1tP53ptLm7SM=",
}
"""The vector that the official clients share (a public client)."""


def test_the_published_vector_is_accepted() -> None:
    """Token, id, time and body of the published test give what the body says."""
    status = verify_webhook(BODY, HEADERS, TOKEN)
    assert (status.status, status.request_id) == (JobWord.COMPLETED, "req_contract_test_001")
    assert status.result is not None
    assert status.result.url == "https://cdn.bria.ai/final.png"
    assert bria_async.verify_webhook is verify_webhook


def test_headers_are_found_in_any_case() -> None:
    """Web frameworks lower them."""
    assert verify_webhook(BODY, {name.lower(): value for name, value in HEADERS.items()}, TOKEN).request_id


def test_one_of_several_tokens_is_enough() -> None:
    """While a token is replaced, both sign."""
    assert verify_webhook(BODY, HEADERS, ["new", TOKEN]).request_id
    with pytest.raises(WebhookInvalid, match="signature"):
        verify_webhook(BODY, HEADERS, ["new", "newer"])


@pytest.mark.fault("N23")
@pytest.mark.parametrize(
    ("body", "changed", "token"),
    [
        (BODY.replace(b"final", b"other"), {}, TOKEN),
        (BODY + b" ", {}, TOKEN),
        (BODY, {"Bria-Webhook-Id": "req_contract_test_002"}, TOKEN),
        (BODY, {"Bria-Webhook-Timestamp": "1700000001"}, TOKEN),
        (BODY, {"Bria-Webhook-Signature": HEADERS["Bria-Webhook-Signature"][3:]}, TOKEN),
        (BODY, {"Bria-Webhook-Signature": "v2=" + HEADERS["Bria-Webhook-Signature"][3:]}, TOKEN),
        (BODY, {"Bria-Webhook-Signature": "v1=\u00e9"}, TOKEN),
        (BODY, {"Bria-Webhook-Signature": "v1=\udcff"}, TOKEN),
        (BODY, {"Bria-Webhook-Id": "\udcff"}, TOKEN),
        (BODY, {"Bria-Webhook-Signature": ""}, TOKEN),
        (BODY, {}, "another"),
        (BODY, {}, ""),
        (BODY, {}, []),
    ],
)
def test_anything_changed_is_refused(body: bytes, changed: dict[str, str], token: str) -> None:
    """Body, id, time, version and token are all signed."""
    with pytest.raises(WebhookInvalid, match="signature does not fit"):
        verify_webhook(body, {**HEADERS, **changed}, token)


@pytest.mark.parametrize("name", HEADERS)
def test_a_missing_header_is_named(name: str) -> None:
    """Whoever forgot to pass the headers sees which."""
    with pytest.raises(WebhookInvalid, match=name.lower()):
        verify_webhook(BODY, {key: value for key, value in HEADERS.items() if key != name}, TOKEN)


@pytest.mark.fault("N23")
@pytest.mark.parametrize(("now", "fresh"), [(1700000300, True), (1700000301, False), (1699999700, True), (0, False)])
def test_a_window_may_be_asked_for(now: float, fresh: bool) -> None:
    """Without one any age goes, with one neither the past nor the future beyond it."""
    assert verify_webhook(BODY, HEADERS, TOKEN, now=now).request_id
    if fresh:
        assert verify_webhook(BODY, HEADERS, TOKEN, max_age=300, now=now).request_id
    else:
        with pytest.raises(WebhookInvalid, match="s old"):
            verify_webhook(BODY, HEADERS, TOKEN, max_age=300, now=now)


def test_a_failed_job_keeps_its_reason() -> None:
    """Codes of webhooks may be words."""
    error = {"code": "VALIDATION_ERROR", "message": "no", "details": "image"}
    status = parse_webhook(json.dumps({"status": "ERROR", "request_id": "r", "error": error}).encode())
    assert status.status is JobWord.ERROR
    assert status.error is not None
    assert status.error.code == "VALIDATION_ERROR"


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"3", b"\xff", b"[" * 100_000])
def test_no_body_raises_anything_else(body: bytes) -> None:
    """What cannot be read is one error."""
    with pytest.raises(WebhookInvalid, match="cannot be read"):
        parse_webhook(body)
