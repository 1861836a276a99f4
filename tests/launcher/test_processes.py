"""Other processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prompt_policy.launcher.processes import below, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
NESTED = """
import subprocess, sys
inner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=sys.stdin)
print(inner.pid, flush=True)
inner.wait()
"""


def test_processes_below_another_are_found_at_every_depth() -> None:
    with subprocess.Popen([sys.executable, "-c", NESTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        assert outer.stdin is not None and outer.stdout is not None  # noqa: PT018
        inner = int(outer.stdout.readline())
        assert {outer.pid, inner} <= below(os.getpid())
        assert below(outer.pid) == {inner}
        outer.stdin.close()

    assert below(outer.pid) == set()


def test_memory_is_in_bytes() -> None:
    held = resident_bytes({os.getpid()})

    assert held is not None
    assert held > 5_000_000
    assert resident_bytes({2**22 + 1}) is None
