"""The memory that a new process may use."""

from __future__ import annotations

from pathlib import Path

from prompt_policy.launcher.machine.memory import available_memory


def test_the_limit_of_the_container_counts(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    8192 kB\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert available_memory(tmp_path / "meminfo", tmp_path) == 8192 * 1024

    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.stat").write_text("file 700\ninactive_file 600\n")
    assert available_memory(tmp_path / "meminfo", tmp_path) == 4600  # the page cache counts as available


def test_without_any_source_the_memory_is_unknown(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "none", tmp_path) is None
