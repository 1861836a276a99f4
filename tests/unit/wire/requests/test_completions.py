"""Text completions: parameters only."""

from __future__ import annotations

import pytest

from prompt_policy.wire import CompletionsRequest


@pytest.mark.parametrize(("prompt", "text"), [("Once", "Once"), ([1, 2], ""), (["a", "b"], ""), (None, "")])
def test_single_text_prompt_is_the_user_text(prompt: object, text: str) -> None:
    assert CompletionsRequest({"prompt": prompt}).last_user_text == text


def test_there_is_no_conversation() -> None:
    request = CompletionsRequest({"prompt": "Once", "messages": [{"role": "user", "content": "x"}]})
    assert request.turns == ()
    with pytest.raises(NotImplementedError):
        request.add_prefill("x")
