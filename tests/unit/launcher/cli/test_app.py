"""``prompt-policy vllm``."""

from __future__ import annotations

from prompt_policy.launcher.cli.app import app


def test_all_verbs_are_registered() -> None:
    assert [command.callback.__name__ for command in app.registered_commands if command.callback] == [
        *("start", "status", "logs", "stop", "command", "install"),
    ]
