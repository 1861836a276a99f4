"""The process that reads answers."""

from __future__ import annotations

import pickle

from prompt_policy import load
from prompt_policy.bench.loadgen import Raw
from prompt_policy.bench.reader import Known, policing_of, read
from prompt_policy.bench.record import Measured

FIELDS = {"arm": "on", "question": "q", "sample": 0, "block": 0, "seed": 1}
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "\\n4"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def test_a_line_and_an_event_come_of_an_answer() -> None:
    raw = Raw(1.0, 2.0, 200, {}, [1.5], [EVENT])
    line, event = read(raw, Known(FIELDS, None, pickle.dumps(None), 1.0))
    assert Measured.model_validate_json(line).content == "\n4"
    assert (event.arm, event.seconds, event.trouble) == ("on", 1.0, None)


def test_the_policy_of_the_arm_reads_the_answer() -> None:
    raw = Raw(1.0, 2.0, 200, {}, [1.5], [EVENT])
    came = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true}'
    line, _event = read(raw, Known(FIELDS, came, pickle.dumps(load("deepseek-r1-distill")), 1.0, reasoning_parser=True))
    assert Measured.model_validate_json(line).content == "4"
    assert policing_of(pickle.dumps(None)) is None
