"""Descendants of a process and their memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prompt_policy.launcher.machine.processes import descendants, resident_bytes

NESTED = """
import subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=sys.stdin)
print(inner.pid, flush=True)
inner.wait()
"""
UNUSED_PID = 2**22 + 1


def test_descendants_are_found_at_every_depth() -> None:
    with subprocess.Popen([sys.executable, "-c", NESTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        assert outer.stdin is not None and outer.stdout is not None  # noqa: PT018
        inner = int(outer.stdout.readline())
        assert {outer.pid, inner} <= descendants(os.getpid())
        assert descendants(outer.pid) == {inner}
        outer.stdin.close()

    assert descendants(outer.pid) == set()


def test_memory_is_in_bytes() -> None:
    memory = resident_bytes({os.getpid()})

    assert memory is not None
    assert memory > 5_000_000


def test_processes_that_ended_have_no_memory() -> None:
    alone = resident_bytes({os.getpid()})
    together = resident_bytes({os.getpid(), UNUSED_PID})

    assert resident_bytes({UNUSED_PID}) is None
    assert alone is not None and together is not None  # noqa: PT018


def test_without_psutil_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)

    assert descendants(os.getppid()) == set()
    assert resident_bytes({os.getpid()}) is None
