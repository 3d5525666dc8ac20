"""The name under which a picture travels."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bria_async.images.content_key import MAX_STEM, content_key, find_token

SHA256 = "0123456789abcdef" * 4
TOKEN = SHA256[:12]
SHORT = settings(max_examples=150, deadline=None)

texts = st.text(max_size=60)
hashes = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
extensions = st.sampled_from(["jpg", "png", "webp"])


@pytest.mark.fault("N16")
@SHORT
@given(texts, hashes, extensions)
def test_every_name_becomes_a_plain_file_name(name: str, sha256: str, extension: str) -> None:
    """Whatever a file is called, its key is one path segment that a multipart header can carry."""
    key = content_key(name, sha256, extension)
    stem, tail = key[: -len(f"--{sha256[:12]}.{extension}")], key[-len(f"--{sha256[:12]}.{extension}") :]
    assert tail == f"--{sha256[:12]}.{extension}", f"the key {key!r} ends otherwise"
    assert stem, f"nothing is left of the stem of {name!r}"
    assert len(stem.encode()) <= MAX_STEM, f"the stem {stem!r} is too long"
    assert not set(stem) & set("/\\\"'%;"), f"the stem {stem!r} holds a letter with a meaning"
    assert not stem.startswith("."), f"{key!r} would be a hidden file"
    assert all(unicodedata.category(letter) not in {"Cc", "Cs"} for letter in stem), (
        f"{stem!r} holds a control character"
    )
    assert unicodedata.is_normalized("NFC", stem), f"{stem!r} is not composed"


@SHORT
@given(texts, hashes, extensions, texts, st.sampled_from(["", ".png", "_2", " (1).JPG", "?v=3", "-thumb"]))
def test_the_token_is_found_in_whatever_a_server_makes_of_the_key(
    name: str, sha256: str, extension: str, before: str, after: str
) -> None:
    """A prefix, a suffix, another extension and another case leave the token readable."""
    key = content_key(name, sha256, extension)
    for served in (before + key + after, (before + key + after).upper(), key.rpartition(".")[0] + after):
        assert find_token(served) == sha256[:12], f"the token is lost in {served!r}"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Lora 01.PNG", "Lora 01"),
        ("Crème brûlée.jpg", "Crème brûlée"),
        ("Cre\u0300me.jpg", "Crème"),
        ("😀🎨.webp", "😀🎨"),
        ("two\nlines\t.jpg", "twolines"),
        ("../../etc/passwd.png", "_.._etc_passwd"),
        ("..\\..\\boot.png", "_.._boot"),
        ('the "big" one\'s.jpg', "the _big_ one_s"),
        ("a\u202egpj.exe.png", "agpj.exe"),
        ("what\u037e.jpg", "what_"),
        ("100%.jpg", "100_"),
        (".hidden.jpg", "hidden"),
        ("...", "image"),
        ("\x00\x01.png", "image"),
        ("no extension", "no extension"),
        ("v1.2.png", "v1.2"),
        ("\udcff\udcfe.png", "image"),
        ("", "image"),
    ],
)
def test_stems_keep_what_they_can(name: str, stem: str) -> None:
    """Letters of all scripts and the case stay, what has a meaning to paths and headers goes."""
    key = content_key(name, SHA256, "png")
    assert key == f"{stem}--{TOKEN}.png", f"{name!r} became {key!r}"


def test_a_long_name_is_cut_between_characters() -> None:
    """A name of 255 bytes keeps as many whole characters as fit."""
    key = content_key("é" * 125 + ".jpg", SHA256, "jpg")
    assert key == f"{'é' * 40}--{TOKEN}.jpg", f"80 bytes hold 40 letters of two bytes, got {key!r}"
    odd = content_key("x" + "é" * 125 + ".jpg", SHA256, "jpg")
    assert odd == f"x{'é' * 39}--{TOKEN}.jpg", f"no half letter may remain, got {odd!r}"


def test_names_that_differ_by_form_meet_and_by_case_do_not() -> None:
    """Composed and decomposed spellings are one name to people; upper and lower case may be two files."""
    composed, decomposed = content_key("é.jpg", SHA256, "jpg"), content_key("e\u0301.jpg", SHA256, "jpg")
    assert composed == decomposed, f"{composed!r} and {decomposed!r} look the same"
    assert content_key("CAT.jpg", SHA256, "jpg") != content_key("cat.jpg", SHA256, "jpg"), "the case was lost"


def test_a_file_named_by_a_key_gets_the_token_of_its_own_content() -> None:
    """A picture that was downloaded under its key and changed is known by what it holds now."""
    key = content_key(content_key("cat.jpg", "f" * 64, "jpg"), SHA256, "jpg")
    assert find_token(key) == TOKEN, f"the last token of {key!r} counts"


@pytest.mark.parametrize(
    "name",
    ["cat.jpg", "cat--0123456789a.jpg", f"cat--{SHA256}.jpg", f"cat-{TOKEN}.jpg", f"{TOKEN}.jpg", ""],
)
def test_other_names_hold_no_token(name: str) -> None:
    """Too few digits, a longer hash or a single hyphen are not ours."""
    assert find_token(name) is None, f"{name!r} holds no key"
