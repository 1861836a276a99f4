"""The files and messages of a run."""

from __future__ import annotations

import io
import json

import pytest

from prompt_policy.authoring.batch.files.chunks import ChunkResult
from prompt_policy.authoring.batch.files.progress import BatchProgress
from prompt_policy.authoring.batch.files.result_writer import MAX_SHOWN_REJECTS, ResultWriter
from prompt_policy.authoring.batch.lines import Line
from prompt_policy.authoring.batch.rewriter import LineResult, reject_line


def test_rejected_lines_are_stored_with_all_their_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    output, rejects = io.BytesIO(), io.BytesIO()
    writer = ResultWriter("f", output.write, rejects.write, BatchProgress())
    results = [(Line(1, b""), LineResult("unchanged", b"a\n")), (Line(2, b"\xff \xc3\xa9\r\n", 2), reject_line("no"))]
    writer.add(ChunkResult(results, 8, 1))
    assert output.getvalue() == b"a\n"
    [found] = [json.loads(line) for line in rejects.getvalue().splitlines()]
    assert (found["line"], found["error"]["message"]) == (2, "no")
    assert found["text"].encode(errors="surrogateescape") == b"\xff \xc3\xa9"
    assert capsys.readouterr().err == "f:2: no\n"
    assert (writer.summary.lines, writer.summary.by_position) == (2, 1)


def test_the_first_rejected_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    writer = ResultWriter("f", io.BytesIO().write, None, BatchProgress())
    for number in range(100):
        writer.add(ChunkResult([(Line(number, b"x"), reject_line("a\x1bb"))], 1))
    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == r"f:0: a\x1bb"
    assert printed[MAX_SHOWN_REJECTS:] == ["f: further rejected lines are only counted"]
    assert writer.summary.rejected == 100
