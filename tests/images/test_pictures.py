"""The pictures that the demo trains on when nobody gives it any."""

from pathlib import Path

from bria_async.images.pictures import draw
from bria_async.images.probe import probe


def test_the_pictures_look_like_a_training_set(tmp_path: Path) -> None:
    """PNG and JPEG, large enough, all different, nothing to warn of, a caption beside each."""
    paths = draw(tmp_path / "set", count=4, captions=True)
    images = [probe(path) for path in paths]
    assert {image.format for image in images} == {"png", "jpeg"}, f"unexpected formats: {images}"
    assert len({image.sha256 for image in images}) == 4, "two pictures are the same"
    for image in images:
        assert image.oddities == (), f"{image.path.name} is unusual: {image.oddities}"
        assert min(image.width, image.height) >= 1024, f"{image.path.name} is too small"
        assert 100_000 < image.size < 2_000_000, f"{image.path.name} has {image.size} bytes"
        assert image.caption_path is not None, f"{image.path.name} has no caption"
        assert "purple hair" in image.caption_path.read_text(), f"{image.caption_path} names nobody"


def test_a_seed_draws_the_same_pictures(tmp_path: Path) -> None:
    """A demo that is drawn again meets the pictures that it uploaded before; another seed draws others."""
    first, again, other = (
        [path.read_bytes() for path in draw(tmp_path / name, count=1, seed=seed)]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again, "one seed drew two pictures"
    assert first != other, "two seeds drew one picture"


def test_captions_are_written_when_asked_for(tmp_path: Path) -> None:
    """Without, the folder holds pictures and nothing else."""
    paths = draw(tmp_path, count=2)
    assert sorted(tmp_path.iterdir()) == paths, f"the folder holds more than {paths}"
