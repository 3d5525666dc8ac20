"""Images inside a JSON body."""

import base64
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bria_async.errors import ImageChanged, ImageError
from bria_async.images.encode import base64_of, sample
from bria_async.images.probe import Limits, probe
from tests.images.files import jpeg, write


def test_the_bytes_of_the_file_are_sent_as_they_are(tmp_path: Path) -> None:
    """No re-encoding and no `data:` header, from a probed image or a plain path."""
    path = jpeg(tmp_path / "a.jpg", size=(64, 64))
    image = probe(path, Limits(min_side=16))
    assert base64.b64decode(base64_of(image), validate=True) == path.read_bytes(), "the image changed"
    assert base64_of(path) == base64_of(image), "a path gives other bytes than its image"


@pytest.mark.fault("F8")
def test_another_file_in_its_place_is_not_sent(tmp_path: Path) -> None:
    """Size and time may be the same: the hash is compared."""
    path = jpeg(tmp_path / "a.jpg", size=(64, 64))
    image = probe(path, Limits(min_side=16))
    data = bytearray(path.read_bytes())
    data[-10] ^= 0xFF
    path.write_bytes(data)
    os.utime(path, ns=(0, image.mtime_ns))
    with pytest.raises(ImageChanged):
        base64_of(image)


def test_what_the_api_would_not_take_is_not_encoded(tmp_path: Path) -> None:
    """Empty and missing files, and files beyond 12 MB, are told before they fill the memory."""
    large = write(tmp_path / "large.png", b"")
    with pytest.raises(ImageError, match="is empty"):
        base64_of(large)
    os.truncate(large, 13 * 2**20)
    with pytest.raises(ImageError, match="more than the"):
        base64_of(large)
    with pytest.raises(ImageError, match="cannot be opened"):
        base64_of(tmp_path / "missing.png")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 300), st.integers(0, 12), st.integers(0, 50))
def test_a_sample_is_spread_evenly(length: int, count: int, seed: int) -> None:
    """As many as asked for, each once, in order, none further from the next than an even share allows."""
    chosen = sample(range(length), count, seed)
    assert len(chosen) == min(length, count), f"{len(chosen)} of {length}, {count} asked for"
    assert list(chosen) == sorted(set(chosen)), f"not in order, or not once: {chosen}"
    if chosen and length > count:
        gaps = [after - before for before, after in itertools.pairwise(chosen)]
        gaps += [chosen[0], length - 1 - chosen[-1]]
        assert max(gaps) <= length / count + 1, f"a gap in {chosen} of {length}"


def test_the_seed_chooses_the_sample() -> None:
    """The same seed gives the same images, another one others."""
    samples = {sample(range(200), 5, seed) for seed in range(20)}
    assert sample(range(200), 5, 7) == sample(range(200), 5, 7), "one seed gave two samples"
    assert len(samples) > 5, f"20 seeds gave {len(samples)} samples"
