"""The work on a chunk of lines."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from prompt_policy.authoring.batch.files.chunks import AnswerChunks, ChunkResult, RequestChunks
from prompt_policy.authoring.batch.files.request_index import build_index
from prompt_policy.authoring.batch.lines import read_lines
from tests.support.policies import chat
from tests.unit.authoring.batch.test_rewriter import ANSWER, CLAMP, CLEAN, REJECT, TIDY, create, dump, wrap


def answer_to(custom_id: str, body: Any = ANSWER) -> dict[str, Any]:
    return {"custom_id": custom_id, "response": {"status_code": 200, "body": body}, "error": None}


def clean(tmp_path: Path, requests: list[Any], answers: list[Any]) -> ChunkResult:
    file = tmp_path / "requests"
    file.write_bytes(b"".join(map(dump, requests)))
    rewriter = create(TIDY, REJECT)
    index = build_index(file, tmp_path / "index", rewriter)
    data = b"".join(line if isinstance(line, bytes) else dump(line) for line in answers)
    result = AnswerChunks(rewriter, index)(list(read_lines(io.BytesIO(data), "f")))
    index.close()
    return result


def list_errors(result: ChunkResult) -> list[str | None]:
    return [each.error["message"] if each.error else None for _line, each in result.results]


def test_only_a_rejected_line_has_its_bytes_twice() -> None:
    lines = list(read_lines(io.BytesIO(dump(chat("Hi", temperature=2)) + b"broken\n"), "f"))
    found = RequestChunks(create(CLAMP))(lines)
    assert [(line.number, line.data, result.status) for line, result in found.results] == [
        (1, b"", "changed"), (2, b"broken\n", "invalid")
    ]  # fmt: skip
    assert found.size == sum(len(line.data) for line in lines)


def test_an_answer_belongs_to_the_request_with_its_identifier(tmp_path: Path) -> None:
    requests = [wrap(chat("Hi", logprobs=True), custom_id="raw"), wrap(chat("Hi"), custom_id="b")]
    result = clean(tmp_path, requests, [answer_to("b"), b"\n", answer_to("raw")])
    outputs = [each.output for _line, each in result.results]
    assert outputs[0] is not None
    assert json.loads(outputs[0]) == answer_to("b", CLEAN)
    assert outputs[1] == b"\n"
    assert result.by_position == 0


def test_a_plain_answer_belongs_to_the_request_at_its_position(tmp_path: Path) -> None:
    requests = [chat("Hi", tools=[{}]), chat("Hi")]  # the first is refused, so the backend never answered it
    result = clean(tmp_path, requests, [b"\n", ANSWER, ANSWER])
    assert result.results[1][1].output == dump(CLEAN).replace(b": ", b":").replace(b", ", b",")
    assert list_errors(result) == [None, None, "there is no request number 2, to which the answer would belong"]
    assert result.by_position == 2


def test_an_answer_without_one_request_is_rejected(tmp_path: Path) -> None:
    requests = [wrap(chat("1"), custom_id="x"), wrap(chat("2"), custom_id="x"), wrap(chat("3"), custom_id="y")]
    result = clean(tmp_path, [*requests, requests[2]], [answer_to("x"), answer_to("y"), answer_to("z"), b"broken\n"])
    assert list_errors(result) == [
        "several requests have the custom_id 'x'", None, "no request has the custom_id 'z'", "expected one JSON object"
    ]  # fmt: skip
