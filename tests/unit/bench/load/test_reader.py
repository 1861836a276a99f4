"""The process that parses responses."""

from __future__ import annotations

import pickle

from prompt_policy import load
from prompt_policy.bench.load.client import RawResponse
from prompt_policy.bench.load.reader import RequestMeta, load_resolver, parse_response
from prompt_policy.bench.record import MeasuredRequest

FIELDS = {"arm": "on", "question": "q", "sample": 0, "block": 0, "seed": 1}
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "\\n4"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
RAW = RawResponse(1.0, 2.0, 200, {}, [1.5], [EVENT])


def test_a_response_becomes_a_line_and_a_summary() -> None:
    line, done = parse_response(RAW, RequestMeta(FIELDS, b"{}", None, 1.0))
    assert MeasuredRequest.model_validate_json(line).content == "\n4"
    assert (done.arm, done.seconds, done.failure) == ("on", 1.0, None)


def test_the_policy_of_the_arm_rewrites_the_response() -> None:
    original_body = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true}'
    policy = pickle.dumps(load("deepseek-r1-distill"))
    line, _done = parse_response(RAW, RequestMeta(FIELDS, original_body, policy, 1.0, reasoning_parser=True))
    assert MeasuredRequest.model_validate_json(line).content == "4"


def test_a_policy_is_compiled_once() -> None:
    pickled = pickle.dumps(load("deepseek-r1-distill"))
    assert load_resolver(pickled) is load_resolver(bytes(pickled))
