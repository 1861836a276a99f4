"""Generated pages are up to date, links resolve, and the README matches the program."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_policy import Pipeline, Policy, load
from prompt_policy.policy.yaml_parser import parse_yaml
from prompt_policy.testing import run_policy
from tests.support.cli import run
from tests.support.policies import MODEL

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def find_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_readme_transcript_matches_the_output() -> None:
    original, rewritten = (parse_yaml(block.encode(), "README").data for block in find_blocks("json"))
    applied = Pipeline(load("deepseek-r1-distill")).apply(original, "chat")
    assert original["model"] == MODEL
    assert applied.body == rewritten
    headers = [f"{name}: {value}" for name, value in applied.decision.headers().items()]
    assert "\n".join(headers) in README


def test_readme_policy_passes_its_tests(tmp_path: Path) -> None:
    [text] = [block for block in find_blocks("yaml") if block.startswith("version: 1")]
    (tmp_path / "my-model.yaml").write_text(text)
    transcripts = re.findall(r"\$ prompt-policy (.*)\n((?:[^$`].*\n)*)", README)
    assert len(transcripts) == 2
    for command, output in transcripts:
        assert run(*command.split(), folder=tmp_path).stdout == output
    policy = Policy.model_validate(parse_yaml(text.encode(), "README").data)
    assert run_policy(policy).passed


def test_readme_python_prints_its_comments(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = find_blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.split("\n")[:2] == re.findall(r"# (.*)\n", code)


def test_every_shipped_policy_is_listed() -> None:
    index = (DOCS / "reference" / "policies.md").read_text()
    assert all(f"[{path.stem}](policies/{path.stem}.md)" in index for path in (ROOT / "policies").glob("*.yaml"))


def test_the_readme_lists_every_kind_with_its_summary() -> None:
    from prompt_policy.kinds import discover_kinds

    rows = re.findall(r"^\| \[(\w+)\]\(docs/reference/kinds\.md#\1\) \| (.*) \|$", README, re.MULTILINE)
    summaries = {name: (inspect.getdoc(rule) or "").partition("\n")[0] for name, rule in discover_kinds().items()}
    assert dict(rows) == {name: text.replace("``", "`") for name, text in summaries.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", strip_code(page)):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        assert not anchor or anchor in list_anchors(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_plain_markdown(page: Path) -> None:
    text = strip_code(page)
    assert re.findall(r"(?<!`)``(?!`).*|&#?\w+;", text) == []
    assert re.findall(r"^\|.*\| *\|\n\|(?:---\|)+$", text, re.MULTILINE) == [], "a table has an empty header"


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in ("performance.md", "CHANGELOG.md", "CONTRIBUTING.md")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_prose_lines_are_at_most_120_columns(page: Path) -> None:
    prose = (line for line in strip_code(page).split("\n") if not line.startswith("|"))
    assert [line for line in prose if len(line) > 120 and " " in line.strip()] == [], "only an address may be longer"


def strip_code(page: Path) -> str:
    """Return a page's text without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def list_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs derive them."""
    headings = re.findall(r"^#+ (.*)$", strip_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["architecture.md", "host-contract.md"])
def test_modules_named_in_the_explanation_exist(name: str) -> None:
    text = (DOCS / "explanation" / name).read_text()
    paths = set(re.findall(r"(?<![\w/*])((?:[a-z_]+/)*[a-z_]+\.py|(?:[a-z_]+/)+(?=`))", text)) - {"docs/generate.py"}
    assert len(paths) > 5
    assert sorted(path for path in paths if not (ROOT / "src" / "prompt_policy" / path).exists()) == []


def test_the_page_on_tasks_shows_the_figures_of_its_command() -> None:
    page = (DOCS / "explanation" / "tasks.md").read_text()
    command = "benchmarks/tasks.py"
    assert f"`python {command}`" in page
    done = subprocess.run([sys.executable, command], cwd=ROOT, capture_output=True, text=True, check=True)
    [table] = [table for table in done.stdout.split("\n\n") if table.startswith("set ")]
    assert f"```\n{table}\n```" in page


def test_the_readme_counts_the_shipped_policies() -> None:
    counts = re.findall(r"\b(\d+) (?:shipped policies|model families)", " ".join(README.split()))
    assert counts == [str(len(list((ROOT / "policies").glob("*.yaml"))))] * 2


def test_the_chinese_readme_has_the_same_blocks_and_commands() -> None:
    chinese = (ROOT / "README.zh-CN.md").read_text()
    fenced = re.compile(r"```.*?```", re.DOTALL)
    assert fenced.findall(chinese) == fenced.findall(README)
    commands = [set(re.findall(r"`(prompt-policy [a-z][^`]*|vllm serve [^`]*)`", text)) for text in (README, chinese)]
    assert {" ".join(command.split()) for command in commands[0]} <= {
        " ".join(command.split()) for command in commands[1]
    }
    links = [set(re.findall(r"\]\(([^)]*)\)", text)) - {"README.md", "README.zh-CN.md"} for text in (README, chinese)]
    assert links[0] == links[1]
