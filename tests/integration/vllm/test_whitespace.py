"""Answers with many blank lines, forced from a real vLLM, are cleaned."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.vllm.conftest import NAMES
from tests.integration.vllm.test_enforced import ENFORCED_MODELS, EXPECTED_REQUEST, REQUEST
from tests.support.litellm_proxy import KEY, Proxy
from tests.support.vllm_server import Server, VllmAnswer, request_answer, tokenize

LETTER, LINE, TWO_LINES, CLOSE = "a", "\n", "\n\n", "</think>"
FLOOR = 40
"""A bias that excludes all other tokens."""
BLANK_RUN = re.compile(r"\n{3,}")

pytestmark = [
    pytest.mark.parametrize("host", ["litellm", "in-engine"]),
    pytest.mark.parametrize("parser", [False, True], ids=["unparsed", "parsed"]),
    pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"]),
]


def bias_to_newlines(root: str, close: float) -> dict[str, Any]:
    """Return parameters that leave the model four tokens, newlines most likely; ``close`` biases ``</think>``."""
    (letter,), (line,), (two_lines,), (closing,) = (
        tokenize(root, text) for text in (LETTER, LINE, TWO_LINES, CLOSE)
    )  # fmt: skip
    # Not allowed_token_ids, which constrains the answer, so that no rule changes it.
    biases = {letter: 0.0, line: 3, two_lines: 3, closing: close}
    return {
        "logit_bias": {str(token): FLOOR + bias for token, bias in biases.items()},
        "frequency_penalty": 1,
        "max_tokens": 16,
    }


def clean(text: str) -> str:
    """Return a text of newlines and visible characters as the policy cleans it."""
    return BLANK_RUN.sub("\n\n", text.strip("\n"))


def request_enforced(
    host: str, servers: dict[bool, Server], proxied: Proxy, body: dict[str, Any], *, parser: bool, stream: bool
) -> VllmAnswer:
    """Request an answer from a host with the policy."""
    if host == "litellm":
        return request_answer(
            f"{proxied.url}/v1", {**REQUEST, "model": ENFORCED_MODELS[parser], **body}, stream=stream, key=KEY
        )
    return request_answer(f"{servers[parser].root}/v1", {**REQUEST, "model": NAMES[0], **body}, stream=stream)


def test_blank_lines_at_the_ends_and_in_runs_are_removed(
    host: str, servers: dict[bool, Server], proxied: Proxy, parser: bool, stream: bool
) -> None:
    root, opening = servers[parser].root, "" if parser else "<think>\n"
    dirty = []
    for seed in range(4):
        body = {**bias_to_newlines(root, close=1.5), "seed": seed}
        direct = request_answer(f"{root}/v1", {**EXPECTED_REQUEST, **body}, stream=stream)
        enforced = request_enforced(host, servers, proxied, body, parser=parser, stream=stream)

        assert enforced.status == direct.status == 200, enforced.error
        assert enforced.content == clean(opening + direct.content)
        assert enforced.reasoning == clean(direct.reasoning)
        dirty += [text for text in (direct.content, direct.reasoning) if clean(text) != text]
    assert any(BLANK_RUN.search(text) for text in dirty), "the model generated no blank lines"
    assert any(text.startswith("\n") for text in dirty)
    assert any(text.endswith("\n") for text in dirty)


def test_blank_lines_after_empty_reasoning_are_removed(
    host: str, servers: dict[bool, Server], proxied: Proxy, parser: bool, stream: bool
) -> None:
    root = servers[parser].root
    body = {**bias_to_newlines(root, close=50), "bad_words": [CLOSE + CLOSE]}
    direct = request_answer(f"{root}/v1", {**EXPECTED_REQUEST, **body}, stream=stream)

    enforced = request_enforced(host, servers, proxied, body, parser=parser, stream=stream)

    assert enforced.status == direct.status == 200, enforced.error
    assert (direct.reasoning, enforced.reasoning) == ("", "")
    assert direct.content.startswith("\n" if parser else f"{CLOSE}\n")
    assert enforced.content == clean(direct.content if parser else f"<think>\n{direct.content}")
