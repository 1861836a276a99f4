"""``prompt-policy explain``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import run
from tests.support.fake_server import OPENS, REFUSES, REFUSES_ALL, make_fake_server
from tests.support.policies import MODEL, chat

BODY = chat(("system", "Be brief."), "Solve the equation 2x + 5 = 17.", temperature=1.3)


def explain(*arguments: str, body: object = BODY) -> str:
    done = run("explain", *arguments, "--request", "-", stdin=json.dumps(body))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_rules_are_printed_with_position_and_changes() -> None:
    out = explain("deepseek-r1-distill")
    assert out.startswith("deepseek-r1-distill@")
    assert f"on chat, model {MODEL}, task math\n" in out
    assert "temperature=1.3>0.7, top_p=unset>0.95" in out
    assert "deepseek-r1-distill.yaml:" in out
    assert '-  "temperature": 1.3\n' in out
    assert '+  "temperature": 0.6,\n' in out
    assert "\x1b" not in out


def test_the_sum_for_the_task_is_printed_with_its_largest_parts() -> None:
    out = explain("deepseek-r1-distill")
    assert re.search(r"^points for math: \+[0-9.]+\n(?:  [+-][0-9.]+  \S.*\n){9}\n", out, re.MULTILINE)
    assert "smaller parts; --format json lists them" in out
    assert "points for" not in explain("deepseek-r1-distill", "--task", "math")
    assert "points for" not in explain("deepseek-r1-distill", body=chat("Good morning"))
    dictated = explain("deepseek-r1-distill", body=chat("Solve the equation 2x + 5 = 17. Only output the number."))
    assert "not math, because the turn dictates the form of its answer" in dictated


def test_the_reason_for_a_skipped_rule_is_printed() -> None:
    out = explain("deepseek-r1-distill", body=chat("Hi", tools=[{}], temperature=0.6, top_p=0.9))
    assert "skipped  start-thinking" in out
    assert "\n                              tools\n" in out
    assert "request: unchanged" in out


def test_changes_of_an_answer_are_printed(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("\n\nHello\n\n\n\nworld\n")
    out = explain("deepseek-r1-distill", "--response", str(tmp_path / "answer"))
    assert "answer:\n--- received\n+++ returned\n" in out
    assert "+<think>\n" in out


def test_the_policy_of_a_folder_is_selected_by_model(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: mine\napplies_to: {models: [m]}\nrules: []\n")
    (tmp_path / "b.yaml").write_text("version: 1\nname: other\napplies_to: {models: [n]}\nrules: []\n")
    assert explain(str(tmp_path), "--model", "n").startswith("other@")
    done = run("explain", str(tmp_path), "--request", "-", stdin=json.dumps(BODY))
    assert (done.returncode, done.stdout) == (2, "")
    assert "none of the 2 policies applies to model" in done.stderr


def test_options_set_the_context_of_the_request(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "version: 1\nname: mine\nrules:\n"
        "  - {name: cool, kind: clamp, may_skip: true, parameters: {temperature: {max: 0.5}},\n"
        "     when: {team: red, key_alias: ci, tags: a, task: legal, provider: vllm, thinking: 'off',\n"
        "            headers: {user-agent: {contains: codex}}}}\n"
    )
    context = ("--team", "red", "--key-alias", "ci", "--tag", "a", "--task", "legal")
    host = ("--provider", "vllm", "--thinking", "off", "--header", "User-Agent: codex/1")
    file = str(tmp_path / "a.yaml")
    assert "fired    cool" in explain(file, *context, *host)
    assert "its condition does not hold" in explain(file, *context)
    assert "the caller opted out" in explain(file, *context, *host, "--skip", "cool")


def test_a_backend_limits_what_rules_send() -> None:
    out = explain("deepseek-r1-distill", "--backend", "groq", body=chat("Hi"))
    assert "skipped  start-thinking" in out
    assert "the backend groq is not known to continue a last assistant message" in out
    done = run("explain", "deepseek-r1-distill", "--backend", "grok", "--request", "-", stdin=json.dumps(BODY))
    assert done.returncode == 2
    assert "--backend: unknown backend 'grok' (did you mean 'groq'?)" in done.stderr


def test_json_contains_rules_and_request() -> None:
    found = json.loads(explain("deepseek-r1-distill", "--format", "json"))
    assert found["rules"][0]["result"] == "fired"
    assert found["request"]["temperature"] == 0.6
    assert found["refusal"] is None


def test_a_rejected_request_is_exit_code_1(tmp_path: Path) -> None:
    done = run("explain", "deepseek-r1-distill", "--request", "-", stdin=json.dumps(chat("Hi", temperature="hot")))
    assert (done.returncode, done.stderr) == (1, "")
    assert "refused: temperature must be a number" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "<stdin>: expected the body of a request, one JSON object"),
        ("[]", "<stdin>: expected the body of a request, one JSON object"),
        ("{}", "<stdin>: unknown kind of request"),
        ("[" * 100_000, "<stdin>: expected the body of a request"),
    ],
)
def test_an_invalid_request_is_one_line(text: str, message: str) -> None:
    done = run("explain", "deepseek-r1", "--request", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


def test_a_server_without_tokenize_is_one_line(serve: Callable[..., str]) -> None:
    done = run("explain", "deepseek-r1-distill", "--request", "-", "--render", serve(), stdin=json.dumps(BODY))
    assert done.returncode == 2
    assert "has no /tokenize endpoint; --render needs a vLLM server" in done.stderr


ServeApp = Callable[[Any], str]


def render(root: str, body: object) -> str:
    return explain("deepseek-r1-distill", "--render", root, body=body)


def test_an_unchanged_prompt_is_printed(serve_app: ServeApp) -> None:
    out = render(serve_app(make_fake_server(OPENS)), chat("Good morning", tools=[{}], model="m", temperature=1.3))
    assert "temperature=1.3>0.7" in out
    assert out.endswith("\nprompt as the model sees it, with and without the policy:\n<user>Good morning<think>\n\n")


def test_a_changed_prompt_is_a_diff(serve_app: ServeApp) -> None:
    out = render(serve_app(make_fake_server(REFUSES)), chat(("system", "Be brief."), "Hi", model="m"))
    assert "prompt as the model sees it:\n--- before\n+++ after\n" in out
    assert "-(the server rejects the request: no system, please)\n" in out


def test_the_reason_why_a_server_renders_nothing_is_its_own(serve_app: ServeApp) -> None:
    out = render(serve_app(make_fake_server(REFUSES_ALL)), chat("Hi", tools=[{}], model="m"))
    assert out.endswith(
        "without the policy:\n(the server rejects the request: the server has no chat template, so that it rejects "
        "every chat request; start it with --chat-template)\n"
    )


def test_a_model_that_the_server_does_not_serve_is_named(serve_app: ServeApp) -> None:
    out = render(serve_app(make_fake_server()), chat("Hi", tools=[{}], model="none"))
    assert "(the server rejects the request: The model `none` does not exist. Valid aliases: m, n.)" in out


def test_a_header_without_a_value_is_one_line() -> None:
    done = run("explain", "deepseek-r1", "--request", "-", "--header", "codex", stdin=json.dumps(BODY))
    assert (done.returncode, done.stderr) == (2, "--header 'codex' has no value; write NAME:VALUE\n")


def test_a_profile_is_activated(tmp_path: Path) -> None:
    rule = "{name: seed, kind: clamp, profile: evaluation, parameters: {seed: {value: 7}}}"
    (tmp_path / "a.yaml").write_text(f"version: 1\nname: mine\nrules: [{rule}]\n")
    assert "profile evaluation is off" in explain(str(tmp_path / "a.yaml"))
    assert "fired    seed" in explain(str(tmp_path / "a.yaml"), "--profile", "evaluation")


def test_volatile_system_text_is_reported_in_a_note() -> None:
    body = chat(("system", "Current time: 2026-11-30T10:51:22Z"), "Hi")
    assert "\nnote: the system text contains a time of day" in explain("deepseek-r1-distill", body=body)
    assert len(json.loads(explain("deepseek-r1-distill", "--format", "json", body=body))["notes"]) == 1
    assert "note:" not in explain("deepseek-r1-distill")
