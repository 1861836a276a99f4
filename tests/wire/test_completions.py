"""Text completions: parameters only."""

from __future__ import annotations

import pytest

from prompt_policy.wire import CompletionsRequest


@pytest.mark.parametrize(("prompt", "text"), [("Once", "Once"), ([1, 2], ""), (["a", "b"], ""), (None, "")])
def test_the_prompt_is_judged_where_it_is_one_text(prompt: object, text: str) -> None:
    assert CompletionsRequest({"prompt": prompt}).last_user_text == text


def test_there_are_no_turns() -> None:
    request = CompletionsRequest({"prompt": "Once", "messages": [{"role": "user", "content": "x"}]})
    assert request.turns == ()
    with pytest.raises(NotImplementedError):
        request.open_answer("x")
