"""Files that appear as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from prompt_policy.authoring.batch.files.output import write_atomically


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with write_atomically(path) as stream:
        stream.write(b"x")
        assert not path.exists()
    assert path.read_bytes() == b"x"
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(error):
        _write_and_fail(path, error)
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert path.read_bytes() == b"old"


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.touch(0o640)
    path.chmod(0o640)
    with write_atomically(path) as stream:
        stream.write(b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_symbolic_link_stays(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    with write_atomically(link) as stream:
        stream.write(b"x")
    assert link.is_symlink()
    assert target.read_bytes() == b"x"


def test_a_device_is_written_directly() -> None:
    with write_atomically(Path("/dev/null")) as stream:
        stream.write(b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"), write_atomically(tmp_path / "no" / "out"):
        pass


def _write_and_fail(path: Path, error: type[BaseException]) -> None:
    with write_atomically(path) as stream:
        stream.write(b"new")
        raise error
