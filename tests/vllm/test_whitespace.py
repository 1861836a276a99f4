"""Answers full of blank lines, which a real vLLM is made to give, come out clean."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.proxy import KEY, Proxy
from tests.vllm.conftest import NAMES
from tests.vllm.server import Said, Server, ask, tokens_of
from tests.vllm.test_enforced import ASKED, POLICED, SENT

LETTER, LINE, TWO_LINES, CLOSE = "a", "\n", "\n\n", "</think>"
BLANK_RUN = re.compile(r"\n{3,}")

pytestmark = [
    pytest.mark.parametrize("host", ["litellm", "in-engine"]),
    pytest.mark.parametrize("parser", [False, True], ids=["unparsed", "parsed"]),
    pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"]),
]


def biased(root: str, close: float) -> dict[str, Any]:
    """Return parameters that leave the model four tokens, newlines before all, and the end of the thought at will."""
    (letter,), (line,), (two_lines,), (closing,) = (
        tokens_of(root, text) for text in (LETTER, LINE, TWO_LINES, CLOSE)
    )  # fmt: skip
    return {
        "allowed_token_ids": [letter, line, two_lines, closing],
        "logit_bias": {str(line): 3, str(two_lines): 3, str(closing): close},
        "frequency_penalty": 1,
        "max_tokens": 16,
    }


def cleaned(text: str) -> str:
    """Return a text of newlines and other visible characters as the policy promises it."""
    return BLANK_RUN.sub("\n\n", text.strip("\n"))


def said(
    host: str, servers: dict[bool, Server], proxied: Proxy, body: dict[str, Any], *, parser: bool, stream: bool
) -> Said:
    """Ask the policed model of a host."""
    if host == "litellm":
        return ask(f"{proxied.url}/v1", {**ASKED, "model": POLICED[parser], **body}, stream=stream, key=KEY)
    return ask(f"{servers[parser].root}/v1", {**ASKED, "model": NAMES[0], **body}, stream=stream)


def test_blank_lines_at_either_end_and_in_runs_are_taken_out(
    host: str, servers: dict[bool, Server], proxied: Proxy, parser: bool, stream: bool
) -> None:
    root, opening = servers[parser].root, "" if parser else "<think>\n"
    dirty = []
    for seed in range(4):
        body = {**biased(root, close=1.5), "seed": seed}
        direct = ask(f"{root}/v1", {**SENT, **body}, stream=stream)
        policed = said(host, servers, proxied, body, parser=parser, stream=stream)

        assert policed.status == direct.status == 200, policed.error
        assert policed.content == cleaned(opening + direct.content)
        assert policed.reasoning == cleaned(direct.reasoning)
        dirty += [text for text in (direct.content, direct.reasoning) if cleaned(text) != text]
    assert any(BLANK_RUN.search(text) for text in dirty), "the model gave nothing to take out"
    assert any(text.startswith("\n") for text in dirty)
    assert any(text.endswith("\n") for text in dirty)


def test_blank_lines_after_an_empty_thought_are_taken_out(
    host: str, servers: dict[bool, Server], proxied: Proxy, parser: bool, stream: bool
) -> None:
    root = servers[parser].root
    body = {**biased(root, close=50), "bad_words": [CLOSE + CLOSE]}
    direct = ask(f"{root}/v1", {**SENT, **body}, stream=stream)

    policed = said(host, servers, proxied, body, parser=parser, stream=stream)

    assert policed.status == direct.status == 200, policed.error
    assert (direct.reasoning, policed.reasoning) == ("", "")
    assert direct.content.startswith("\n" if parser else f"{CLOSE}\n")
    assert policed.content == cleaned(direct.content if parser else f"<think>\n{direct.content}")
