"""The contributor's tools agree with each other: recipes, hooks, workflow, gate and documentation site."""

from __future__ import annotations

import re
import runpy
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
GATE = (ROOT / ".ci" / "run").read_text()
JUSTFILE = (ROOT / "justfile").read_text()
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
HOOKS = runpy.run_path(str(ROOT / "docs" / "hooks.py"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


class SiteLoader(yaml.SafeLoader):
    """Reads mkdocs.yml, whose tags name Python objects that only the site's build needs."""


SiteLoader.add_multi_constructor("tag:yaml.org,2002:python/", lambda _loader, _suffix, node: str(node.tag))
SITE = yaml.load((ROOT / "mkdocs.yml").read_text(), SiteLoader)


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def list_gate_steps() -> set[str]:
    [steps] = re.findall(r"^STEPS=\((.*)\)$", GATE, re.MULTILINE)
    return set(steps.split())


def list_recipes() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*)(?: [*A-Z]+)*:$", JUSTFILE, re.MULTILINE))


def list_nav_pages(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    children = entry.values() if isinstance(entry, dict) else entry
    return [page for child in children for page in list_nav_pages(child)]


def list_site_pages() -> set[str]:
    """Return every page of the site, as a path below docs/."""
    own = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    return own | set(HOOKS["PAGES"].values())


def test_contributing_names_every_recipe_and_no_other() -> None:
    named = set(re.findall(r"(?:^|`)just ([a-z][a-z-]*)", CONTRIBUTING, re.MULTILINE))
    assert named == list_recipes() - {"default"}


@pytest.mark.parametrize("name", sorted({"docs", "gate", "generate", "lint", "test", "test-fast", "types"}))
def test_the_recipe_exists(name: str) -> None:
    assert name in list_recipes()


def test_paths_in_recipes_and_gate_exist() -> None:
    paths = re.findall(r"(?<![\w/])((?:tests|docs|policies)/[\w./-]*)", JUSTFILE + GATE)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_gate_step_has_an_environment_and_a_function() -> None:
    functions = set(re.findall(r"^(?:run|install)_(\w+)\(\)", GATE, re.MULTILINE))
    named = set(re.findall(r"^    \w+\) echo (.*) ;;$", GATE, re.MULTILINE))
    assert list_gate_steps() <= set(re.findall(r"^run_(\w+)\(\)", GATE, re.MULTILINE))
    assert {environment for line in named for environment in line.split()} <= functions


def test_the_workflow_runs_every_step_of_the_gate_and_no_other() -> None:
    matrix = read_yaml(ROOT / ".github" / "workflows" / "gate.yml")["jobs"]["gate"]["strategy"]["matrix"]
    assert set(matrix["step"]) == list_gate_steps()
    assert {job["step"] for job in matrix["include"]} <= list_gate_steps()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_name_steps_of_the_gate(path: Path) -> None:
    named = re.findall(r"bash \.ci/run (?:(\w+)|\$\{\{ matrix\.step \}\})$", path.read_text(), re.MULTILINE)
    assert named or path.name == "policies.yml", "only the check of the sources does not test the code"
    assert set(named) - {""} <= list_gate_steps()


def test_the_workflow_runs_the_tests_on_every_declared_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {text.rpartition(" ")[2] for text in project["classifiers"] if ":: 3." in text}
    matrix = read_yaml(ROOT / ".github" / "workflows" / "gate.yml")["jobs"]["gate"]["strategy"]["matrix"]
    tested = {job["python"] for job in matrix["include"] if job["step"] == "tests"}
    assert tested | set(matrix["python"]) == declared


def test_the_hooks_are_commands_of_the_gate() -> None:
    [repo] = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repo["repo"] == "local"
    commands = [line.split() for line in GATE.splitlines() if line.startswith("  ")]
    for hook in repo["hooks"]:
        words = [word for word in hook["entry"].split() if word != "--force-exclude"]
        assert any(command[: len(words)] == words for command in commands), hook["id"]
        assert hook["language"] == "system"


def test_the_tools_of_hooks_and_recipes_are_in_the_dev_extra() -> None:
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in EXTRAS["dev"] + EXTRAS["docs"]}
    assert {"codespell", "mkdocs", "mypy", "pre-commit", "pytest", "ruff", "rust-just"} <= names
    assert any("docs" in requirement for requirement in EXTRAS["dev"] if requirement.startswith("prompt-policy["))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_the_issue_form_is_complete(path: Path) -> None:
    form = read_yaml(path)
    if path.name == "config.yml":
        assert set(form) == {"blank_issues_enabled"}
        return
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {"name", "description", "body"} <= set(form)
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_every_page_is_in_the_navigation_or_excluded() -> None:
    listed = list_nav_pages(SITE["nav"])
    excluded = [f"{line.strip('/')}/*" for line in SITE["not_in_nav"].split()]
    left_out = {page for page in list_site_pages() - set(listed) if not any(fnmatch(page, glob) for glob in excluded)}
    assert left_out == set()
    assert set(listed) <= list_site_pages()
    assert len(set(listed)) == len(listed)


def test_the_site_loads_nothing_from_other_servers() -> None:
    assert SITE["theme"]["font"] is False
    assert not {"extra_css", "extra_javascript"} & set(SITE)


@pytest.mark.parametrize(
    ("page", "link", "in_the_site"),
    [
        ("how-to/new.md", "../../CONTRIBUTING.md#long-runs", "../project/contributing.md#long-runs"),
        ("how-to/new.md", "../reference/kinds.md#clamp", "../reference/kinds.md#clamp"),
        ("how-to/new.md", "../../examples/clamp.yaml", "../repository/examples/clamp.yaml"),
        ("how-to/new.md", "../../examples/", "../repository/examples/index.md"),
        ("how-to/new.md", "../../nowhere.md", "../../nowhere.md"),
        ("how-to/new.md", "#a-heading", "#a-heading"),
        ("how-to/new.md", "https://example.org/README.md", "https://example.org/README.md"),
        ("zh-CN.md", "docs/generate.py", "generate.py"),
        ("zh-CN.md", "README.md", "index.md"),
        ("project/changelog.md", "CONTRIBUTING.md", "contributing.md"),
    ],
)
def test_link_leads_to_the_same_text_in_the_site(page: str, link: str, in_the_site: str) -> None:
    shown = HOOKS["on_page_markdown"](f"[text]({link})", SimpleNamespace(file=SimpleNamespace(src_uri=page)))
    assert shown == f"[text]({in_the_site})"


def test_the_file_name_of_a_code_block_is_shown() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="tutorial/new.md"))
    shown = HOOKS["on_page_markdown"]("```yaml tutor.yaml\nversion: 1\n```\n", page)
    assert shown == '```yaml title="tutor.yaml"\nversion: 1\n```\n'
