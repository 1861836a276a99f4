"""A log that does not grow without bound."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.logfile import LogFile, following, last_lines


def test_a_full_file_makes_room_and_no_line_is_lost(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log", most_bytes=1000)
    for number in range(100):
        log.write(f"line {number:03} " + "x" * 20)
    log.close()

    assert [line[:8] for line in last_lines(log.path, 80)] == [f"line {number:03}" for number in range(20, 100)]
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"vllm.log{end}" for end in ("", ".1", ".2", ".3")]
    assert all(file.stat().st_size <= 1000 for file in tmp_path.iterdir())


def test_it_belongs_to_its_owner(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log")
    log.close()

    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_lines_may_come_from_many_threads(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log")

    def write_fifty() -> None:
        for _ in range(50):
            log.write("word " * 20)

    threads = [threading.Thread(target=write_fifty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    assert last_lines(log.path, 1000) == ["word " * 20] * 200


def test_a_follower_misses_nothing_when_the_file_changes(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log", most_bytes=200)
    log.write("before")
    coming = following(log.path)
    assert next(coming) is None

    seen: list[str] = []
    for number in range(20):
        log.write(f"line {number} " + "x" * 30)
        while (line := next(coming)) is None:
            pass
        seen.append(line.split(" x")[0])
    log.close()

    assert seen == [f"line {number}" for number in range(20)]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--log-file .*none/vllm.log: No such file or directory"):
        LogFile(tmp_path / "none" / "vllm.log")


def test_every_new_file_belongs_to_its_owner_and_so_does_one_that_was_open_to_others(tmp_path: Path) -> None:
    (tmp_path / "vllm.log").touch(mode=0o666)
    log = LogFile(tmp_path / "vllm.log", most_bytes=100)
    for _ in range(20):
        log.write("words " * 10)
    log.close()

    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
