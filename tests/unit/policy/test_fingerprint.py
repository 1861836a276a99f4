"""Fingerprints of files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prompt_policy.policy.fingerprint import fingerprint


def test_fingerprint_changes_with_text_and_modification_time(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    first = fingerprint(file)
    os.utime(file, ns=(0, 0))
    second = fingerprint(file)
    file.write_text("three")
    assert len({first, second, fingerprint(file)}) == 3


def test_fingerprint_changes_when_a_link_gets_another_target(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
        os.utime(tmp_path / name, ns=(0, 0))
    link = tmp_path / "link"
    link.symlink_to("a")
    first = fingerprint(link)
    link.unlink()
    link.symlink_to("b")
    assert fingerprint(link) != first


def test_a_missing_file_has_no_fingerprint(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "none") is None


def test_rewriting_with_equal_size_and_time_changes_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "a"
    fingerprints = set()
    for text in ("one", "two"):
        file.write_text(text)
        os.utime(file, ns=(0, 0))
        fingerprints.add(fingerprint(file))
        time.sleep(0.02)  # the clock of the file system ticks some hundred times a second
    assert len(fingerprints) == 2


def test_fingerprint_changes_with_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    before = fingerprint(file)
    time.sleep(0.02)
    file.chmod(0o600)
    assert fingerprint(file) != before
