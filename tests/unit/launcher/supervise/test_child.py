"""Child processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from prompt_policy.launcher.supervise.child import Child


def _wait_for_end(child: Child) -> None:
    while child.status() is None:
        time.sleep(0.01)


def _child(program: str, folder: Path, lines: list[str]) -> Child:
    command = [sys.executable, "-c", program]
    return Child("it", command, environment=os.environ, folder=folder, on_line=lines.append)


def test_output_is_passed_on_and_kept(tmp_path: Path) -> None:
    lines: list[str] = []

    with _child(
        "import os; print('one'); print(); os.write(1, b'\\xff two\\n'); raise SystemExit('three')", tmp_path, lines
    ) as child:
        _wait_for_end(child)
        output = child.recent_output()

    assert child.status() == 1
    assert sorted(lines) == ["one", "three", "� two"]
    assert output == "\n".join(["its last output:", *lines])


def test_only_recent_lines_are_kept(tmp_path: Path) -> None:
    with _child("print('\\n'.join(map(str, range(1000))))", tmp_path, []) as child:
        _wait_for_end(child)

    assert child.recent_output().splitlines()[1:] == [str(number) for number in range(960, 1000)]


def test_leaving_the_block_stops_the_process(tmp_path: Path) -> None:
    with _child("import time; time.sleep(600)", tmp_path, []) as child:
        assert child.status() is None

    assert child.status() is not None
    assert child.recent_output() == "it printed nothing"
