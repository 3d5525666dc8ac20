"""Whatever comes in the name of a webhook, it is one that was signed, or it is refused."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async.errors import WebhookInvalid
from bria_async.sim.webhooks import signature
from bria_async.types.jobs import JobStatus
from bria_async.wire.webhook import parse_webhook, verify_webhook
from tests.fuzz.bounds import bounded, texts, values

TOKEN = "a-token-of-tests"
NAMES = ("Bria-Webhook-Id", "Bria-Webhook-Timestamp", "Bria-Webhook-Signature")
wire = st.binary(max_size=40).map(lambda raw: raw.decode(errors="surrogateescape"))
"""Headers as servers keep them: bytes that are no text are lone surrogates."""
bodies = st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode())


@bounded(400)
@given(
    body=bodies, headers=st.dictionaries(st.sampled_from(NAMES) | texts, texts | wire), max_age=st.none() | st.floats()
)
def test_what_is_not_signed_is_refused(body: bytes, headers: dict[str, str], max_age: float | None) -> None:
    """With that error and no other, whatever the headers hold and whatever the body."""
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers, TOKEN, max_age=max_age, now=time.time())


@bounded(300)
@given(
    body=bodies, identifier=st.text(max_size=20), moment=st.text(max_size=20), at=st.integers(0), bit=st.integers(0, 7)
)
def test_one_flipped_bit_is_refused(body: bytes, identifier: str, moment: str, at: int, bit: int) -> None:
    """What the simulator signs is taken for signed, and not with a bit of the body changed."""
    headers = dict(zip(NAMES, (identifier, moment, signature(TOKEN, identifier, moment, body)), strict=True))
    changed = bytearray(body or b"x")
    changed[at % len(changed)] ^= 1 << bit
    with pytest.raises(WebhookInvalid, match="signature"):
        verify_webhook(bytes(changed), headers, [TOKEN])
    told = ""
    try:
        verify_webhook(body, headers, ["another", TOKEN])
    except WebhookInvalid as error:
        told = str(error)
    assert not told or "the body cannot be read" in told, "it was signed"


@bounded(400)
@given(body=bodies)
def test_a_body_is_a_state_or_refused(body: bytes) -> None:
    """The reader of bodies has one error."""
    try:
        assert isinstance(parse_webhook(body), JobStatus)
    except WebhookInvalid:
        return
