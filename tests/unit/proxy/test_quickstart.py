"""Example requests for a shell and for Python."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from prompt_policy.proxy.quickstart import format_curl, format_python
from tests.support.servers import Serve


@pytest.mark.parametrize("key", ["sk-secret", "$A_KEY"])
def test_the_python_program_runs(serve: Serve, key: str) -> None:
    program = format_python(f"{serve(api_key='sk-secret')}/v1", "it's/a model", key)
    environment = {**os.environ, "A_KEY": "sk-secret"}

    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )

    assert "The model received:" in ended.stdout, ended.stderr


def test_the_shell_command_is_quoted() -> None:
    command = format_curl("http://127.0.0.1:4000/v1", "it's/a model", "$A_KEY")

    words = shlex.split(command)

    assert words[:2] == ["curl", "http://127.0.0.1:4000/v1/chat/completions"]
    assert "Authorization: Bearer $A_KEY" in words
    assert "it's/a model" in words[-1]
