"""``prompt-policy probe``; the server is a fake that renders real templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import run
from tests.probe.fake_server import PLAIN, REFUSES, fake_server

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"


def test_what_was_found_and_that_the_policy_fits(serve_app: Serve) -> None:
    told = run("probe", serve_app(fake_server(KEEPS)))

    lines = told.stdout.splitlines()
    assert told.returncode == 0, told.stderr
    assert lines[0] == "m (vLLM 0.32.0, 2048 tokens)"
    assert "  a system message is          kept" in lines
    assert any(line.startswith("deepseek-r1-distill@") and line.endswith(": fits") for line in lines)  # by its root


def test_a_misfit_is_exit_code_1_with_its_place(serve_app: Serve) -> None:
    told = run("probe", f"{serve_app(fake_server(PLAIN))}/v1")

    assert told.returncode == 1
    assert "1 misfit" in told.stdout
    assert "deepseek-r1-distill.yaml:" in told.stdout


def test_everything_as_json(serve_app: Serve) -> None:
    told = json.loads(run("probe", serve_app(fake_server(REFUSES)), "--model", "n", "--format", "json").stdout)

    assert (told["model"], told["policy"], told["misfits"]) == ("n", None, [])
    assert told["behaviour"]["system"] == "refused: no system, please"


def test_another_template_can_be_tried(serve_app: Serve, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text("{{ messages[0].content }}<think>")

    told = run("probe", serve_app(fake_server()), "--chat-template", str(tmp_path / "t.jinja"))

    assert "the template opens           '<think>'" in told.stdout


def test_a_server_that_cannot_tell_prompts_is_no_misfit(serve_app: Serve) -> None:
    told = run("probe", serve_app(fake_server(tokenizes=False)), "--policy", "deepseek-r1-distill")

    assert told.returncode == 0
    assert "not told: the server cannot be asked" in told.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["localhost"], "expected a URL"),
        (["http://127.0.0.1:9"], "does not answer: Connection refused"),
        (["{root}", "--model", "mm"], "no model 'mm' is served (did you mean 'm'?)"),
        (["{root}", "--chat-template", "none"], "none: No such file"),
        (["{root}", "--policy", "none"], "no such file, folder or shipped policy"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(serve_app: Serve, words: list[str], message: str) -> None:
    root = serve_app(fake_server())

    told = run("probe", *(word.format(root=root) for word in words))

    assert (told.returncode, told.stdout) == (2, "")
    assert message in told.stderr
    assert "Traceback" not in told.stderr
