"""``prompt-policy vllm``."""

from __future__ import annotations

from prompt_policy.launcher.app import app


def test_every_verb_is_there() -> None:
    assert [command.callback.__name__ for command in app.registered_commands if command.callback] == [
        *("start", "status", "logs", "stop", "command"),
    ]
