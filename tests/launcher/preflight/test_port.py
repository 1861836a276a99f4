"""Whether the port is free, and who has it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from prompt_policy.launcher.ports import LOOPBACK, bound, free_port
from prompt_policy.launcher.preflight.port import check, holder_of
from tests.launcher.made import plan


def test_a_taken_port_is_told_and_who_has_it() -> None:
    with bound(LOOPBACK, 0) as socket:
        port = socket.getsockname()[1]
        (line,) = check(plan("m", port=port))

    assert line.startswith(f"port {port} on 127.0.0.1 is taken")
    if sys.platform == "linux":
        assert line.endswith(f"(pid {os.getpid()}) has it")


def test_a_free_port_is_fine() -> None:
    assert list(check(plan("m", port=free_port(LOOPBACK)))) == []


def test_a_port_among_vllms_own_arguments_counts() -> None:
    with bound(LOOPBACK, 0) as socket:
        assert list(check(plan("m", args=("--port", str(socket.getsockname()[1])))))


@pytest.mark.parametrize("table", ["", "header\n  0: 0100007F:1F90 00000000:0000 01 x x x 0 0 77\n"])
def test_nobody_is_named_where_nothing_is_known(tmp_path: Path, table: str) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(table)

    assert holder_of(8080, tmp_path) is None
