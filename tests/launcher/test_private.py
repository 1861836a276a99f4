"""Folders and files for their owner only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.private import private_folder, private_opener


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_closed_and_so_are_those_that_had_to_be_made_for_it(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_is_there_is_closed_and_what_is_above_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "a" / "b").mkdir(mode=0o777)
    private_folder(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o755, 0o700)


def test_a_link_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    private_folder(tmp_path / "link")
    assert mode(tmp_path / "disk") == 0o700


def test_what_is_no_folder_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("file", "nowhere"):
        with pytest.raises(FileExistsError):
            private_folder(tmp_path / name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_another_users_folder_or_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    os.lchown(tmp_path / "link", 12345, 12345)
    for name in ("theirs", "link"):
        with pytest.raises(UsageError, match="belongs to another user"):
            private_folder(tmp_path / name)
    assert mode(tmp_path / "mine") == 0o755


def test_a_file_is_closed_whether_it_was_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "old").touch(mode=0o666)
    for name in ("old", "new"):
        with open(tmp_path / name, "a", opener=private_opener) as file:
            file.write("x")
        assert mode(tmp_path / name) == 0o600


def test_a_device_keeps_its_mode() -> None:
    before = mode(Path(os.devnull))
    with open(os.devnull, "a", opener=private_opener):
        pass
    assert mode(Path(os.devnull)) == before
