"""What tells that a file was changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prompt_policy.policy.stamp import stamp_of


def test_a_stamp_changes_with_the_text_and_with_the_time_even_backwards(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    first = stamp_of(file)
    os.utime(file, ns=(0, 0))
    second = stamp_of(file)
    file.write_text("three")
    assert len({first, second, stamp_of(file)}) == 3


def test_a_link_that_leads_elsewhere_changes_the_stamp(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
        os.utime(tmp_path / name, ns=(0, 0))
    link = tmp_path / "link"
    link.symlink_to("a")
    first = stamp_of(link)
    link.unlink()
    link.symlink_to("b")
    assert stamp_of(link) != first


def test_what_is_not_there_has_none(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "none") is None


def test_a_file_of_the_same_size_and_time_in_the_same_place_has_another(tmp_path: Path) -> None:
    file = tmp_path / "a"
    stamps = set()
    for text in ("one", "two"):
        file.write_text(text)
        os.utime(file, ns=(0, 0))
        stamps.add(stamp_of(file))
        time.sleep(0.02)  # the clock of the file system ticks some hundred times a second
    assert len(stamps) == 2


def test_a_change_of_permissions_changes_the_stamp(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    before = stamp_of(file)
    time.sleep(0.02)
    file.chmod(0o600)
    assert stamp_of(file) != before
