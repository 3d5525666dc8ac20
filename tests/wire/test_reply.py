"""What answers mean: the error bodies of five generations, and successes that cannot be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bria_async import errors
from bria_async.types.models import Model
from bria_async.wire import Call
from bria_async.wire.reply import Reply, read_error
from bria_async.wire.retry import LONGEST_PAUSE
from tests.support import endpoint

CREATE = Call(endpoint("models.create"), "/v1/tailored-gen/models")
DELETE = Call(endpoint("models.delete"), "/v1/tailored-gen/models/1")
NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z: when replies come."""


def refused(status: int, body: Any = "", call: Call = CREATE, **headers: str) -> errors.RequestError:
    """The error that a reply to this call stands for."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(errors.RequestError) as caught:
        Reply(status, named, text).refuse(call, NOW)
    return caught.value


@pytest.mark.parametrize(
    ("body", "message", "code", "request_id"),
    [
        ({"error": "Image with the specified ID does not exist."}, "Image with the specified ID", None, None),
        ("Quota exceeded: Free users can make up to 1000 requests", "Quota exceeded: Free users", None, None),
        ({"message": "Cannot delete model while it is in training"}, "Cannot delete model", None, None),
        (
            {"errors": [{"msg": "less than or equal to 5000", "field_name": "steps", "field_input": 6000}]},
            "steps: less than or equal to 5000 (got 6000)",
            None,
            None,
        ),
        ({"error_code": 1017, "description": "unsafe"}, "unsafe", "1017", None),
        (
            {"error": {"code": 422, "message": "Bad image", "details": "blocked"}, "request_id": "r1"},
            "Bad image: blocked",
            "422",
            "r1",
        ),
        ({"error": {"code": "VALIDATION_ERROR", "message": "no"}}, "no", "VALIDATION_ERROR", None),
        ({"status": "NOT_FOUND"}, "NOT_FOUND", None, None),
        ({"detail": "nope"}, "nope", None, None),
        ({"errors": ["one", {"msg": "two"}]}, "one; ?: two (got None)", None, None),
        ({"other": 1}, '{"other": 1}', None, None),
        ([1, 2], "[1, 2]", None, None),
    ],
)
def test_all_shapes_of_error_bodies_are_read(body: Any, message: str, code: str | None, request_id: str | None) -> None:
    """Six shapes of v1 and the envelope of v2 give a message, and a code and id where there are any."""
    error = refused(400, body)
    assert isinstance(error, errors.BadRequest)
    assert message in error.message
    assert (error.code, error.request_id) == (code, request_id)
    assert error.body == json.dumps(body)


@pytest.mark.fault("N10")
@pytest.mark.parametrize(
    "body", [b"", b"<html><body>Bad Gateway</body></html>", b"\xff\xfe", b"[" * 100_000, b"plain words"]
)
def test_bodies_that_are_no_json_are_survived(body: bytes) -> None:
    """Empty bodies, pages, broken texts and endless nesting give an error of the right class all the same."""
    error = refused(404, body)
    assert isinstance(error, errors.NotFound)
    assert error.message.startswith("404 ")
    assert "<html>" not in error.message
    assert len(error.message) < 300


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_the_reader_of_error_bodies_never_raises(body: bytes) -> None:
    """Whatever bytes come, there is a message."""
    assert isinstance(read_error(body).message, str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "code", "details", "request_id", "status"]), inner
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_with_the_known_keys_is_read(data: Any) -> None:
    """Known keys with unexpected values never break the reader."""
    found = read_error(json.dumps(data).encode())
    assert isinstance(found.message, str)
    assert found.code is None or isinstance(found.code, str)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (405, errors.MethodNotAllowed),
        (409, errors.Conflict),
        (412, errors.PreconditionFailed),
        (413, errors.TooLarge),
        (415, errors.UnsupportedMedia),
        (422, errors.Unprocessable),
        (429, errors.RateLimited),
        (205, errors.StillOnboarding),
        (206, errors.FileMissing),
        (451, errors.LegallyUnavailable),
        (460, errors.CannotDownload),
        (506, errors.InsufficientData),
        (301, errors.Redirected),
        (304, errors.Redirected),
        (308, errors.Redirected),
    ],
)
def test_statuses_that_say_no(status: int, kind: type[errors.Refused]) -> None:
    """Each has its class; the server certainly did not do it, 460 and 506 included."""
    error = refused(status, {"error": "no"})
    assert type(error) is kind
    assert error.outcome is errors.Outcome.REJECTED
    assert str(error).startswith(f"models.create: {status} no.")


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 512, 599])
def test_statuses_that_leave_it_open(status: int) -> None:
    """A server that failed may have acted first, and so may one that gave up on a request (408) or put it off (425)."""
    error = refused(status, {"error": "oops"})
    assert isinstance(error, errors.ServerFailed)
    assert error.outcome is errors.Outcome.UNKNOWN
    assert error.status == status
    assert isinstance(error, errors.InsufficientResources) is (status == 512)


@pytest.mark.parametrize("status", [100, 101, 103, 199, 303, 402, 406, 418, 421, 424, 426, 428, 431, 444, 461, 499])
def test_statuses_that_nobody_lists_leave_it_open(status: int) -> None:
    """By the table, not by the range: what says neither yes nor no keeps its status, its words and its body."""
    error = refused(status, {"error": "hm"})
    assert type(error) is errors.Unreadable
    assert (error.outcome, error.in_doubt, error.status) == (errors.Outcome.UNKNOWN, True, status)
    assert (error.message, error.body) == (f"{status} hm", '{"error": "hm"}')
    assert error.problems == (f"{status} says neither yes nor no",)


REJECTED = {
    205,
    206,
    *range(300, 303),
    *range(304, 400),
    400,
    401,
    403,
    404,
    405,
    409,
    412,
    413,
    415,
    422,
    429,
    451,
    460,
    506,
}


@pytest.mark.parametrize("status", [status for status in range(100, 1000) if not Reply(status).ok])
def test_nothing_else_is_a_no(status: int) -> None:
    """What was certainly not done is in the list of the fault matrix, or a redirect but 303."""
    expected = errors.Outcome.REJECTED if status in REJECTED else errors.Outcome.UNKNOWN
    assert refused(status).outcome is expected


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_errors_know_whether_the_call_may_be_repeated(status: int) -> None:
    """The declaration of the endpoint tells."""
    assert refused(status, call=DELETE).effect == "safe"
    assert refused(status, call=CREATE).effect == CREATE.endpoint.effect != "safe"


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_retry_after_is_found_in_any_case(name: str) -> None:
    """Header names have no case."""
    error = refused(429, "slow down", CREATE, **{name: "7"})
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == 7


def test_a_throttled_reply_need_not_say_for_how_long() -> None:
    """Without the header there is no figure."""
    error = refused(429, b"")
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after is None


@pytest.mark.parametrize("status", [408, 429, 503, 512])
def test_a_server_that_is_away_may_say_for_how_long_too(status: int) -> None:
    """Retry-After belongs to 503 as much as to 429 (RFC 9110, 10.2.3)."""
    error = refused(status, "", CREATE, Retry_After="30")
    assert isinstance(error, errors.RateLimited | errors.ServerFailed)
    assert error.retry_after == 30


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("Thu, 01 Jan 2026 12:00:00 GMT", 60), ("", 43_260), ("noon", 43_260), ("Thu, 01 Jan 2026 13:00:00 GMT", None)],
)
def test_a_pause_until_a_date_is_counted_by_the_clock_that_wrote_it(date: str, seconds: float | None) -> None:
    """The reply's own date, whatever this machine believes; without one that can be read, this machine's."""
    error = refused(429, "", CREATE, Retry_After="Thu, 01 Jan 2026 12:01:00 GMT", Date=date)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == (seconds and min(seconds, LONGEST_PAUSE))


@pytest.mark.parametrize("status", [302, 404, 429, 500, 512])
def test_the_reason_of_an_answer_is_its_status(status: int) -> None:
    """Reasons are for logs and hooks, so no word of a server is in them."""
    assert refused(status, {"error": "words of the server"}).reason == str(status)


def test_long_bodies_are_cut() -> None:
    """An error does not carry megabytes."""
    error = refused(400, b"x" * 100_000)
    assert isinstance(error, errors.BadRequest)
    assert len(error.body) == 2000


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>hello</html>", "not JSON"),
        (b'{"id": 1', "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        ('{"id": 5}'.encode("utf-16"), "not JSON"),
        ('{"id": 5}'.encode("utf-16-le"), "not JSON"),
        ('{"id": 5}'.encode("utf-32-be"), "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
        (b"", "lacks 'id'"),
        (b"{}", "lacks 'id'"),
        (b"[]", "from an object"),
        (b'"12"', "from an object"),
        (b"null", "from an object"),
    ],
)
def test_a_success_that_cannot_be_read_leaves_the_outcome_open(body: bytes, problem: str) -> None:
    """An answer that does not fit may follow an act: the error says where it does not fit and shows its beginning."""
    with pytest.raises(errors.Unreadable, match=problem) as caught:
        Reply(201, {}, body).value(CREATE)
    assert caught.value.outcome is errors.Outcome.UNKNOWN
    assert caught.value.status == 201
    assert caught.value.body == body.decode("utf-8", "replace")[:2000]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_success_is_typed(mark: bytes) -> None:
    """The answer of the declaration, whether or not UTF-8 announces itself."""
    assert Reply(201, {}, mark + b'{"id": 5}').value(CREATE) == Model(id=5)


@pytest.mark.parametrize(("status", "known"), [(200, False), (208, True), (209, False)])
def test_a_success_may_say_more(status: int, known: bool) -> None:
    """A status of the success class that the declaration names sets its attribute; a body that says so does not."""
    register = Call(endpoint("visuals.register"), "/v1/register")
    visual = Reply(status, {}, b'{"visual_id": "v1"}').value(register)
    assert (visual.visual_id, visual.already_registered) == ("v1", known)


def test_a_redirected_model_is_told() -> None:
    """209: the version asked for is gone, and another one drew (SEED 004)."""
    draw = Call(endpoint("generation.text_to_image_base"), "/v1/text-to-image/base/2.1")
    body = json.dumps({"result": [{"urls": ["https://a"]}]}).encode()
    assert [Reply(status, {}, body).value(draw).redirected for status in (200, 209)] == [False, True]
    assert Reply(209, {}, body).value(draw).urls == ("https://a",)


@pytest.mark.parametrize("body", [b"[]", b"3", b'"text"', b"\xff", b"["])
def test_a_marked_status_with_an_unreadable_body_is_unreadable(body: bytes) -> None:
    """The mark does not help over a body that is no answer."""
    with pytest.raises(errors.Unreadable):
        Reply(208, {}, body).value(Call(endpoint("visuals.register"), "/v1/register"))


MASKS = Call(endpoint("visuals.generate_masks"), "/v1/v1/objects/mask_generator")


def test_a_zip_is_kept_as_it_came() -> None:
    """Whatever its content type, it is not read as JSON, and its bytes are not shown."""
    content = b"PK\x03\x04 and so on \xff"
    for headers in ({}, {"Content-Type": "application/zip"}, {"Content-Type": "application/json"}):
        archive = Reply(200, headers, content).value(MASKS)
        assert (archive.content, archive.url) == (content, None)
        assert "and so on" not in repr(archive)


@pytest.mark.parametrize("url", ["https://a/b.zip", "http://a/b.zip"])
def test_a_bare_address_is_an_answer(url: str) -> None:
    """A JSON text that is an address stands for an object with it (SEED 004)."""
    archive = Reply(200, {}, json.dumps(url).encode()).value(MASKS)
    assert (archive.content, archive.url) == (None, url)
    edit = Call(endpoint("visuals.remove_background"), "/v1/v1/background/remove")
    assert Reply(200, {}, json.dumps(url).encode()).value(edit).result_url == url
    draw = Call(endpoint("generation.text_to_image_base"), "/v1/text-to-image/base/2.1")
    assert Reply(200, {}, json.dumps(url).encode()).value(draw).urls == (url,)


def test_a_text_that_is_no_address_is_no_answer() -> None:
    """Words where an object belongs are not guessed at."""
    with pytest.raises(errors.Unreadable, match="from an object"):
        Reply(200, {}, b'"done"').value(MASKS)


def test_a_form_encoded_answer_is_read() -> None:
    """An upload of 2024 answers so (SEED 003, C5)."""
    upload = Call(endpoint("images.upload"), "/v1/x")
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    image = Reply(201, headers, b"id=7&file_name=a%20b.png").value(upload)
    assert (image.id, image.image_name) == (7, "a b.png")
    with pytest.raises(errors.Unreadable):
        Reply(201, headers, b"\xff").value(upload)


@pytest.mark.parametrize("body", [b"", b'{"status": "Deleted"}', b"<html>", b"\xff"])
@pytest.mark.parametrize("status", [200, 204])
def test_a_deletion_ignores_what_comes_with_it(status: int, body: bytes) -> None:
    """Nothing of a body is read where nothing is declared."""
    assert Reply(status, {}, body).value(DELETE) is None


OKS = [(199, False), (200, True), (204, True), (205, False), (206, False), (208, True), (226, True), (300, False)]


@pytest.mark.parametrize(("status", "ok"), OKS)
def test_success_is_the_range_of_200(status: int, ok: bool) -> None:
    """Every 2xx is a success but the two that the API uses to say no, and nothing else is."""
    assert Reply(status).ok is ok


def test_a_reply_shows_neither_headers_nor_body() -> None:
    """They may hold what logs should not."""
    assert "secret" not in repr(Reply(200, {"Set-Cookie": "secret"}, b"secret"))
