"""Webhooks: whether a request came from the API, and what it says.

Facts from a public client of the API: a v2 job with a `webhook_url` is reported there when it is over, with the
headers `Bria-Webhook-Id` (the request id), `Bria-Webhook-Timestamp` (seconds) and `Bria-Webhook-Signature`; it comes
at least once, is given up after 5 attempts in 45 minutes, and wants an answer within 10 seconds.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence

from bria_async.errors import WebhookInvalid
from bria_async.types.jobs import JobStatus

from .convert import ConversionError, structure
from .parsing import parsed
from .secret import Secret

_PURPOSE = b"bria-webhook-signing-v1"
_VERSION = "v1="


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    token: str | Sequence[str],
    *,
    max_age: float | None = None,
    now: float | None = None,
) -> JobStatus:
    """Check the signature of a webhook in constant time, and return what it says.

    Webhooks come more than once and in any order: let `jobs.status` decide where it matters.

    Args:
        body: the raw body, byte for byte as it came.
        headers: the headers of the request, whatever their case.
        token: the API token that signs; several while one is being replaced.
        max_age: seconds that the timestamp may lie in the past, or in the future; None does not look at it, because
            the API documents no window.
        now: the time in seconds since 1970, by default of this machine's clock.

    Raises:
        WebhookInvalid: a header is missing, the signature is another one, it is too old, or the body is none.
    """
    tokens = [Secret(each) for each in ([token] if isinstance(token, str) else token) if each.strip()]
    del token  # tracebacks may show what locals hold
    named = {name.lower(): value for name, value in headers.items()}
    try:
        identifier, timestamp, signature = (named[f"bria-webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise WebhookInvalid(f"the header {missing} is missing") from None
    try:
        message, given = _encoded(f"{identifier}.{timestamp}.") + body, _encoded(signature)
    except UnicodeEncodeError:
        raise WebhookInvalid("a header is no text") from None
    # Every token is compared, so that the time tells nothing.
    matches = [hmac.compare_digest(given, _signed(message, each).encode()) for each in tokens]
    if not any(matches):
        raise WebhookInvalid("the signature does not fit the body")
    if max_age is not None:
        _require_fresh(timestamp, max_age, time.time() if now is None else now)
    return parse_webhook(body)


def parse_webhook(body: bytes) -> JobStatus:
    """What the body of a webhook says: id, status, and the result or the reason of a failure.

    Raises:
        WebhookInvalid: it is not the body of a webhook.
    """
    try:
        status: JobStatus = structure(parsed(body), JobStatus)
    except (ConversionError, ValueError) as error:
        raise WebhookInvalid(f"the body cannot be read: {error}") from None
    return status


def _encoded(text: str) -> bytes:
    # Servers keep bytes that are no text as lone surrogates.
    return text.encode(errors="surrogateescape")


def _signed(message: bytes, token: Secret) -> str:
    key = hmac.digest(_encoded(token.reveal()), _PURPOSE, hashlib.sha256)
    return _VERSION + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


def _require_fresh(timestamp: str, max_age: float, now: float) -> None:
    try:
        age = now - float(timestamp)
    except ValueError:
        raise WebhookInvalid(f"the timestamp {timestamp!r} is no number") from None
    if not abs(age) <= max_age:
        raise WebhookInvalid(f"it is {age:.0f} s old, more than the {max_age:.0f} s allowed")
