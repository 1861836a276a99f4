"""The pages: fresh, and what stands in the README is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_policy import Pipeline, Policy, load
from prompt_policy.policy.yaml_text import parse
from prompt_policy.testing import run_policy
from tests.cli.run import run
from tests.support import MODEL

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readmes_transcript_is_what_happens() -> None:
    came, went = (parse(block.encode(), "README").data for block in blocks("json"))
    applied = Pipeline(load("deepseek-r1-distill")).apply(came, "chat")
    assert came["model"] == MODEL
    assert applied.body == went
    headers = [f"{name}: {value}" for name, value in applied.decision.headers().items()]
    assert "\n".join(headers) in README


def test_the_readmes_policy_does_what_it_says(tmp_path: Path) -> None:
    [text] = [block for block in blocks("yaml") if block.startswith("version: 1")]
    (tmp_path / "my-model.yaml").write_text(text)
    said = re.findall(r"\$ prompt-policy (.*)\n((?:[^$`].*\n)*)", README)
    assert len(said) == 2
    for command, output in said:
        assert run(*command.split(), folder=tmp_path).stdout == output
    policy = Policy.model_validate(parse(text.encode(), "README").data)
    assert run_policy(policy).passed


def test_the_readmes_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.split("\n")[:2] == re.findall(r"# (.*)\n", code)


def test_every_shipped_policy_and_kind_is_listed() -> None:
    from prompt_policy.kinds import kinds

    index = (ROOT / "docs" / "library.md").read_text()
    assert all(f"[{path.stem}](library/{path.stem}.md)" in index for path in (ROOT / "policies").glob("*.yaml"))
    assert all(f"docs/kinds.md#{kind})" in README for kind in kinds())


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("C*.md")), ROOT / "SECURITY.md"],
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]*)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_chinese_readme_has_the_same_blocks_and_commands() -> None:
    chinese = (ROOT / "README.zh-CN.md").read_text()
    fenced = re.compile(r"```.*?```", re.DOTALL)
    assert fenced.findall(chinese) == fenced.findall(README)
    said = [set(re.findall(r"`(prompt-policy [a-z][^`]*|vllm serve [^`]*)`", text)) for text in (README, chinese)]
    assert {" ".join(command.split()) for command in said[0]} <= {" ".join(command.split()) for command in said[1]}
    linked = [set(re.findall(r"\]\(([^)]*)\)", text)) - {"README.md", "README.zh-CN.md"} for text in (README, chinese)]
    assert linked[0] == linked[1]
