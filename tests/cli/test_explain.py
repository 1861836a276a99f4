"""``prompt-policy explain``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.run import run
from tests.support import MODEL, chat

BODY = chat(("system", "Be brief."), "Solve the equation 2x + 5 = 17.", temperature=1.3)


def told(*arguments: str, body: object = BODY) -> str:
    done = run("explain", *arguments, "--request", "-", stdin=json.dumps(body))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_rule_its_place_and_what_changed() -> None:
    out = told("deepseek-r1-distill")
    assert out.startswith("deepseek-r1-distill@")
    assert f"on chat, model {MODEL}, task math\n" in out
    assert "temperature=1.3>0.7, top_p=unset>0.95" in out
    assert "deepseek-r1-distill.yaml:" in out
    assert '-  "temperature": 1.3\n' in out
    assert '+  "temperature": 0.6,\n' in out
    assert "\x1b" not in out


def test_why_a_rule_did_nothing() -> None:
    out = told("deepseek-r1-distill", body=chat("Hi", tools=[{}], temperature=0.6, top_p=0.9))
    assert "skipped  start-thinking" in out
    assert "\n                              tools\n" in out
    assert "request: unchanged" in out


def test_an_answer_beside_it(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("\n\nHello\n\n\n\nworld\n")
    out = told("deepseek-r1-distill", "--response", str(tmp_path / "answer"))
    assert "answer:\n--- came\n+++ read\n" in out
    assert "+<think>\n" in out


def test_a_folder_is_asked_by_the_models_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: mine\napplies_to: {models: [m]}\nrules: []\n")
    (tmp_path / "b.yaml").write_text("version: 1\nname: other\napplies_to: {models: [n]}\nrules: []\n")
    assert told(str(tmp_path), "--model", "n").startswith("other@")
    done = run("explain", str(tmp_path), "--request", "-", stdin=json.dumps(BODY))
    assert (done.returncode, done.stdout) == (2, "")
    assert "none of the 2 policies is for model" in done.stderr


def test_what_stands_around_a_request(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "version: 1\nname: mine\nrules:\n"
        "  - {name: cool, kind: clamp, may_skip: true, parameters: {temperature: {max: 0.5}},\n"
        "     when: {team: red, key_alias: ci, tags: a, task: legal}}\n"
    )
    around = ("--team", "red", "--key-alias", "ci", "--tag", "a", "--task", "legal")
    file = str(tmp_path / "a.yaml")
    assert "fired    cool" in told(file, *around)
    assert "its condition does not hold" in told(file, *around[:4])
    assert "the caller opted out" in told(file, *around, "--skip", "cool")


def test_as_json() -> None:
    found = json.loads(told("deepseek-r1-distill", "--format", "json"))
    assert found["rules"][0]["result"] == "fired"
    assert found["request"]["temperature"] == 0.6
    assert found["refusal"] is None


def test_a_refusal_is_exit_code_1(tmp_path: Path) -> None:
    done = run("explain", "deepseek-r1-distill", "--request", "-", stdin=json.dumps(chat("Hi", temperature="hot")))
    assert (done.returncode, done.stderr) == (1, "")
    assert "refused: temperature must be a number" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "<stdin>: expected a request's body, one JSON object"),
        ("[]", "<stdin>: expected a request's body, one JSON object"),
        ("{}", "<stdin>: no request that is known"),
        ("[" * 100_000, "<stdin>: expected a request's body"),
    ],
)
def test_what_is_no_request_is_one_line(text: str, message: str) -> None:
    done = run("explain", "deepseek-r1", "--request", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_renders_nothing_is_one_line(serve: Callable[..., str]) -> None:
    done = run("explain", "deepseek-r1-distill", "--request", "-", "--render", serve(), stdin=json.dumps(BODY))
    assert done.returncode == 2
    assert "has no /tokenize: --render needs a vLLM" in done.stderr
