"""A log file of bounded size."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.state.logfile import LogFile, follow_log, read_last_lines


def test_rotation_bounds_the_size_and_loses_no_line(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log", max_bytes=1000)
    for number in range(100):
        log.write(f"line {number:03} " + "x" * 20)
    log.close()

    assert [line[:8] for line in read_last_lines(log.path, 80)] == [f"line {number:03}" for number in range(20, 100)]
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"vllm.log{end}" for end in ("", ".1", ".2", ".3")]
    assert all(file.stat().st_size <= 1000 for file in tmp_path.iterdir())


def test_the_file_is_private(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log")
    log.close()

    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_lines_from_several_threads_are_all_written(tmp_path: Path) -> None:
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

    assert read_last_lines(log.path, 1000) == ["word " * 20] * 200


def test_following_continues_across_rotations(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "vllm.log", max_bytes=200)
    log.write("before")
    new_lines = follow_log(log.path)
    assert next(new_lines) is None

    seen: list[str] = []
    for number in range(20):
        log.write(f"line {number} " + "x" * 30)
        while (line := next(new_lines)) is None:
            pass
        seen.append(line.split(" x")[0])
    log.close()

    assert seen == [f"line {number}" for number in range(20)]


def test_an_unwritable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--log-file .*none/vllm.log: No such file or directory"):
        LogFile(tmp_path / "none" / "vllm.log")


def test_rotated_and_existing_files_are_made_private(tmp_path: Path) -> None:
    (tmp_path / "vllm.log").touch(mode=0o666)
    log = LogFile(tmp_path / "vllm.log", max_bytes=100)
    for _ in range(20):
        log.write("words " * 10)
    log.close()

    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
