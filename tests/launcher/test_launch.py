"""A vLLM that is ready to be started."""

from __future__ import annotations

from prompt_policy.launcher.launch import Launch


def test_neither_key_nor_environment_is_shown() -> None:
    launch = Launch(("vllm",), {"HF_TOKEN": "hidden"}, "http://127.0.0.1:8000", "m", "hidden")

    assert "hidden" not in repr(launch)
