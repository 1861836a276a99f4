"""``prompt-policy probe``; the server is a fake that renders real templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import run
from tests.support.fake_server import NO_TEMPLATE, PLAIN, REFUSES, REFUSES_ALL, make_fake_server
from tests.support.maker_templates import read_maker_template

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"


def test_the_behaviour_is_printed_and_the_policy_fits(serve_app: Serve) -> None:
    done = run("probe", serve_app(make_fake_server(KEEPS)))

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "m (vLLM 0.32.0, 2048 tokens)"
    assert "  a system message is          kept" in lines
    assert any(line.startswith("deepseek-r1-distill@") and line.endswith(": fits") for line in lines)  # by its root


def test_a_misfit_has_a_position_and_exit_code_1(serve_app: Serve) -> None:
    done = run("probe", f"{serve_app(make_fake_server(PLAIN))}/v1")

    assert done.returncode == 1
    assert "1 misfit" in done.stdout
    assert "deepseek-r1-distill.yaml:" in done.stdout


def test_json_contains_behaviour_and_fit(serve_app: Serve) -> None:
    result = json.loads(run("probe", serve_app(make_fake_server(REFUSES)), "--model", "n", "--format", "json").stdout)

    assert (result["model"], result["policy"], result["misfits"]) == ("n", None, [])
    assert result["behaviour"]["system"] == "refused: no system, please"


def test_another_template_can_be_probed(serve_app: Serve, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text("{{ messages[0].content }}<think>")

    done = run("probe", serve_app(make_fake_server()), "--chat-template", str(tmp_path / "t.jinja"))

    assert "the template opens           '<think>'" in done.stdout


def test_the_own_system_message_of_a_template_is_reported(serve_app: Serve, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("version: 1\nname: p\nrules:\n  - {name: fold, kind: fold_system}\n")
    root = serve_app(make_fake_server(read_maker_template("Qwen-Qwen2.5-7B-Instruct")))

    done = run("probe", root, "--policy", "p.yaml", folder=tmp_path)

    own = "'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.'"
    assert done.returncode == 0
    assert (
        f"  without one, the template    adds its own: {own}\n  for an empty one, it         adds nothing\n"
        in done.stdout
    )
    assert f"in place of which the template adds its own: {own}; set empty_system: true" in done.stdout
    plain = run("probe", serve_app(make_fake_server(KEEPS)), "--policy", "p.yaml", folder=tmp_path).stdout
    assert "  without one, the template    adds nothing\n" in plain
    assert "for an empty one" not in plain


def test_a_server_without_a_chat_template_is_reported_once(serve_app: Serve) -> None:
    done = run("probe", serve_app(make_fake_server(REFUSES_ALL)), "--policy", "gemma-3")

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1] == (
        "  the server has no chat template, so that it rejects every chat request; start it with --chat-template"
    )
    assert lines[2].startswith("gemma-3@")
    assert lines[2].endswith(": not checked")
    assert len(lines) == 3


def test_another_reason_to_reject_every_request_is_the_templates_own(serve_app: Serve) -> None:
    root = serve_app(make_fake_server("{{ fail('broken') }}"))

    done = run("probe", root)

    assert done.returncode == 1
    assert "  the server rejects even a single user message: broken\n" in done.stdout
    assert done.stdout.count("broken") == 1


def test_json_contains_the_reason_for_the_rejection(serve_app: Serve) -> None:
    result = json.loads(run("probe", serve_app(make_fake_server(REFUSES_ALL)), "--format", "json").stdout)

    assert result["behaviour"]["rejection"] == NO_TEMPLATE
    assert (result["behaviour"]["system"], result["misfits"]) == ("", [])


def test_a_server_that_renders_no_prompts_is_not_a_misfit(serve_app: Serve) -> None:
    done = run("probe", serve_app(make_fake_server(tokenizes=False)), "--policy", "deepseek-r1-distill")

    assert done.returncode == 0
    assert "unknown: the server cannot be queried" in done.stdout


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
def test_wrong_usage_is_one_line_and_exit_code_2(serve_app: Serve, words: list[str], message: str) -> None:
    root = serve_app(make_fake_server())

    done = run("probe", *(word.format(root=root) for word in words))

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
