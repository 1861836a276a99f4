"""Folders and files that are private to their owner."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.state.permissions import ensure_private_folder, open_private


@pytest.fixture(autouse=True)
def permissive_umask() -> Iterator[None]:
    """A umask that removes no permission."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_and_its_new_parents_are_private(tmp_path: Path) -> None:
    ensure_private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_an_existing_folder_is_made_private_without_its_parents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "a" / "b").mkdir(mode=0o777)
    ensure_private_folder(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o755, 0o700)


def test_an_own_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    ensure_private_folder(tmp_path / "link")
    assert mode(tmp_path / "disk") == 0o700


def test_a_file_is_not_accepted_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("file", "nowhere"):
        with pytest.raises(FileExistsError):
            ensure_private_folder(tmp_path / name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_another_users_folder_or_link_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    os.lchown(tmp_path / "link", 12345, 12345)
    for name in ("theirs", "link"):
        with pytest.raises(UsageError, match="belongs to another user"):
            ensure_private_folder(tmp_path / name)
    assert mode(tmp_path / "mine") == 0o755


def test_new_and_existing_files_are_private(tmp_path: Path) -> None:
    (tmp_path / "old").touch(mode=0o666)
    for name in ("old", "new"):
        with open(tmp_path / name, "a", opener=open_private) as file:
            file.write("x")
        assert mode(tmp_path / name) == 0o600


def test_the_mode_of_a_device_is_unchanged() -> None:
    before = mode(Path(os.devnull))
    with open(os.devnull, "a", opener=open_private):
        pass
    assert mode(Path(os.devnull)) == before
