"""``prompt-policy bench``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.bench.schedule import helped
from tests.bench.serving import serving
from tests.cli.run import run

POLICY = """\
version: 1
name: twice
rules: [{name: twice, kind: append_suffix, text: Think about it twice.}]
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run was made."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "twice.yaml").write_text(POLICY)
    rows = [{"id": f"q{n}", "question": f"q{n}: what?", "answer": "#### 42", "family": "ab"[n % 2]} for n in range(30)]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(odds=helped, thought=1, answer=3) as url:
        done = run(
            "bench", "--base-url", url, "--model", "m", "--policy", "twice.yaml", "--questions", "q.jsonl",
            "--samples", "3", "--slo", "e2e=9s", "--html", "r.html", "--csv", "r.csv", "--json",
            "--fail-if", "accuracy_difference > 0", folder=folder,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "--fail-if accuracy_difference > 0: it holds" in done.stderr
    assert "180 of 180 requests, 0 failed" in done.stderr
    (folder / "told.json").write_text(done.stdout)
    return folder


def test_one_command_gives_a_verdict_and_every_file(measured: Path) -> None:
    told = json.loads((measured / "told.json").read_text())
    assert told["verdict"].startswith("on answers more questions right than off: +")
    assert told["figures"]["accuracy_difference_low"] > 0.2
    assert told["figures"]["goodput_on"] > 0
    assert told["seeds"] == "honoured"
    assert told["plan"]["policy"].startswith("twice@")
    assert len(list(csv.DictReader((measured / "r.csv").read_text().splitlines()))) == 180
    assert "on answers more questions right than off" in (measured / "r.html").read_text()


def test_everything_can_be_made_again_from_the_record(measured: Path) -> None:
    again = run("bench", "report", "run.jsonl", "--json", "--html", "again.html", folder=measured)
    assert again.returncode == 0
    assert json.loads(again.stdout) == json.loads((measured / "told.json").read_text())
    assert (measured / "again.html").read_text() == (measured / "r.html").read_text()
    table = run("bench", "report", "run.jsonl", "--slo", "ttft=1ms", folder=measured)
    assert "goodput" in table.stdout
    assert run("bench", "report", "run.jsonl", "--fail-if", "accuracy_on < 0.1", folder=measured).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--base-url and --model say what to measure"),
        (["--base-url", "http://h/v1", "--model", "m"], "arm on: give --policy"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--load", "fast"], "--load fast: expected"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--cache", "hot"], "expected cold or warm"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--slo", "x=1s"], "no time is named 'x'"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--fail-if", "acc > 1"], "no figure is named"),
        (
            ["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--arms", "off"],
            "nothing answers at http://127.0.0.1:9",
        ),
        (
            ["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--html", "none/r.html"],
            "none/r.html: there is no folder none",
        ),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--out", "."], ".: is a folder"),
        (["report", "none.jsonl"], "none.jsonl: No such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words: list[str], message: str, tmp_path: Path) -> None:
    done = run("bench", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run.jsonl").exists()
