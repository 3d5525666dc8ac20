"""Files that appear whole or not at all; downloads and masks show in `security/test_files.py` what that means."""

from pathlib import Path

import pytest

from bria_async.partfile import PartFile, remove_left_over, try_out


def test_a_file_without_a_commit_is_gone(tmp_path: Path) -> None:
    """Whatever went wrong, an older file stays, and nothing lies beside it."""
    target = tmp_path / "a.png"
    target.write_bytes(b"older")
    with PartFile(target) as part:
        part.write(b"newer")
        assert len(list(tmp_path.iterdir())) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert target.read_bytes() == b"older"


def test_a_committed_file_has_its_name_and_the_usual_permissions(tmp_path: Path) -> None:
    """It replaces an older one."""
    target, usual = tmp_path / "a.png", tmp_path / "usual"
    target.write_bytes(b"older")
    usual.touch()
    with PartFile(target) as part:
        part.write(b"new")
        part.write(b"er")
        assert target.read_bytes() == b"older"
        part.commit()
    assert target.read_bytes() == b"newer"
    assert target.stat().st_mode == usual.stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "usual"]


@pytest.mark.parametrize("name", [".", "/", "..", "folder", "stdout"])
def test_what_names_no_file_is_refused_beforehand(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that stands for itself, and a link to what this process has open, as `/dev/stdout` is one, too."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileExistsError):
        try_out(Path(name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "stdout"]


@pytest.mark.parametrize("name", ["a.png", "a[1]*?.png", "é" * 100 + ".png"])
def test_what_a_dead_process_left_is_removed(name: str, tmp_path: Path) -> None:
    """By its file, and nothing else that looks like it."""
    part = PartFile(tmp_path / name)
    part.__enter__()  # and nobody ever leaves it
    others = {".a.png-backup.part", ".b.png-01234567.part", "a.png.part"}
    for other in others:
        (tmp_path / other).touch()
    assert len(list(tmp_path.iterdir())) == 4
    remove_left_over(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == others
    part.__exit__()
