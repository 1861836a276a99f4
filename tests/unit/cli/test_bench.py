"""``prompt-policy bench``."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from tests.support.cli import run
from tests.support.schedule import answer_better_with_suffix
from tests.support.serving import serve_paced

pytestmark = pytest.mark.exclusive

POLICY = """\
version: 1
name: twice
rules: [{name: twice, kind: append_suffix, text: Think about it twice.}]
"""


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that contains the files of a run."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "twice.yaml").write_text(POLICY)
    rows = [{"id": f"q{n}", "question": f"q{n}: what?", "answer": "#### 42", "family": "ab"[n % 2]} for n in range(30)]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serve_paced(accuracy=answer_better_with_suffix, reasoning_chunks=1, answer_chunks=3) as url:
        done = run(
            "bench", "--base-url", url, "--model", "m", "--policy", "twice.yaml", "--questions", "q.jsonl",
            "--samples", "3", "--slo", "e2e=9s", "--html", "r.html", "--csv", "r.csv", "--json",
            "--fail-if", "accuracy_difference > 0", "--fail-if", "e2e_ratio < 0", folder=folder,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "--fail-if accuracy_difference > 0: it holds" in done.stderr
    assert "e2e_ratio" not in done.stderr
    assert done.stderr.splitlines()[0] == "warming up: 76 requests"
    assert "; measuring: 180 requests" in done.stderr
    assert "180 of 180 requests, 0 failed" in done.stderr
    (folder / "report.json").write_text(done.stdout)
    return folder


def test_one_command_gives_a_verdict_and_every_file(finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text())
    assert "on answers more questions correctly than off: +" in report["verdict"]  # a busy machine adds a caveat
    assert report["figures"]["accuracy_difference_low"] > 0.2
    assert report["figures"]["goodput_on"] > 0
    assert report["seeds"] == "honoured"
    assert report["plan"]["policy"].startswith("twice@")
    assert len(list(csv.DictReader((finished_run / "r.csv").read_text().splitlines()))) == 180
    assert "on answers more questions correctly than off" in (finished_run / "r.html").read_text()


def test_the_record_recreates_every_output(finished_run: Path) -> None:
    again = run("bench", "report", "run.jsonl", "--json", "--html", "again.html", folder=finished_run)
    assert again.returncode == 0
    assert json.loads(again.stdout) == json.loads((finished_run / "report.json").read_text())
    assert (finished_run / "again.html").read_text() == (finished_run / "r.html").read_text()
    table = run("bench", "report", "run.jsonl", "--slo", "ttft=1ms", folder=finished_run)
    assert "goodput" in table.stdout


def test_any_threshold_that_holds_fails_the_report(finished_run: Path) -> None:
    passing = ["--fail-if", "accuracy_on < 0.1"]
    assert run("bench", "report", "run.jsonl", *passing, folder=finished_run).returncode == 0
    failed = run("bench", "report", "run.jsonl", *passing, "--fail-if", "accuracy_on > 0.1", folder=finished_run)
    assert failed.returncode == 1
    assert failed.stderr == "--fail-if accuracy_on > 0.1: it holds\n"


def test_two_policy_files_are_arms(tmp_path: Path) -> None:
    for name in ("A", "B"):
        (tmp_path / f"{name}.yaml").write_text(POLICY.replace("Think about it twice.", f"Think {name}."))
    with serve_paced(reasoning_chunks=1, answer_chunks=2) as url:
        done = run(
            "bench", "--base-url", url, "--model", "m", "--arms", "A.yaml", "B.yaml", "--questions", "builtin:easy:4",
            "--samples", "2", "--load", "closed:2", "--json", "--fail-if", "accuracy_A > 2", folder=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(arm["name"], arm["policy"].partition("@")[0]) for arm in report["plan"]["arms"]] == [
        ("A", "twice"), ("B", "twice"),
    ]  # fmt: skip
    assert (report["comparisons"][0]["first"], report["comparisons"][0]["second"]) == ("A", "B")
    assert report["figures"]["requests_A"] == 8


JUDGE = """\
import json, pathlib, sys
given = json.load(sys.stdin)
if pathlib.Path("broken").exists() and given["answer"] != given["expected"]:
    sys.exit("no model")
print("correct" if given["expected"] in given["answer"] else "wrong")
"""


def test_a_failed_judge_is_reported_and_repeated(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text(JUDGE)
    (tmp_path / "q.jsonl").write_text('{"id": "q0", "question": "q0: what?", "answer": "42", "match": "judge"}\n')
    (tmp_path / "broken").touch()
    with serve_paced(reasoning_chunks=1, answer_chunks=3) as url:
        command = [
            "bench", "--base-url", url, "--model", "m", "--arms", "off", "--questions", "q.jsonl", "--samples", "4",
            "--load", "closed:1", "--judge", f"{sys.executable} judge.py", "--json",
        ]  # fmt: skip
        failed = json.loads(run(*command, folder=tmp_path).stdout)
        (tmp_path / "broken").unlink()
        repeated = json.loads(run(*command, "--resume", folder=tmp_path).stdout)
    assert (failed["figures"]["not_judged_off"], failed["figures"]["accuracy_off"]) == (4, None)
    assert (
        "4 answers were not judged and are excluded from accuracy (the judge ended with status 1: no model); repeat "
        "the command with --resume to judge them"
    ) in failed["warnings"]
    assert (repeated["figures"]["not_judged_off"], repeated["figures"]["accuracy_off"]) == (0, 1)
    again = run("bench", "report", "run.jsonl", "--json", folder=tmp_path)  # does not run the judge
    assert json.loads(again.stdout)["figures"]["accuracy_off"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--base-url or --model is missing; set both"),
        (["--base-url", "http://h/v1", "--model", "m"], "arm on has no policy; give --policy"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--load", "fast"], "--load fast: expected"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--cache", "hot"], "expected cold or warm"),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--slo", "x=1s"], "unknown latency 'x'"),
        (
            ["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--fail-if", "acc > 1"],
            "unknown metric 'acc'",
        ),
        (
            [
                "--base-url",
                "http://h/v1",
                "--model",
                "m",
                "--arms",
                "off",
                "--fail-if",
                "errors_off > 1 or stalls_off > 9",
            ],
            "conditions cannot be combined; repeat --fail-if",
        ),
        (["--base-url", "http://h/v1", "--model", "m", "--at", "on=h:1"], "h:1: expected a URL such as"),
        (["--base-url", "http://h/v1", "--model", "m", "--model-of", "on"], "--arm-model on: expected NAME=VALUE"),
        (
            ["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--arms", "off"],
            "nothing answers at http://127.0.0.1:9",
        ),
        (
            ["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--html", "none/r.html"],
            "none/r.html cannot be written; create the folder none first",
        ),
        (["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--out", "."], ". is a folder; name a file"),
        (
            ["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--match", "judge"],
            "is matched by a judge, but there is none; set --judge",
        ),
        (
            ["--base-url", "http://h/v1", "--model", "m", "--arms", "off", "--match", "boxes"],
            "--match boxes: expected box, gsm8k, contains, regex, last-number, json-schema or judge",
        ),
        (["report", "none.jsonl"], "none.jsonl cannot be read: No such file"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(options: list[str], message: str, tmp_path: Path) -> None:
    done = run("bench", *options, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run.jsonl").exists()
