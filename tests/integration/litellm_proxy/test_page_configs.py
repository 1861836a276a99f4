"""The configurations in the pages start a real proxy as printed, and the page's last command finds a policy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from prompt_policy.proxy.echo.server import create_app
from tests.support.cli import run
from tests.support.litellm_proxy import KEY, run_proxy
from tests.support.page_files import read_blocks, write_page_files
from tests.support.servers import serve_app_in_thread

ROOT = Path(__file__).parents[3]
PAGES = {
    "README.md": 1,
    "docs/tutorial/first-policy.md": 1,
    "docs/how-to/litellm.md": 1,
    "docs/how-to/deployment.md": 1,
}
"""The pages with a complete configuration that names the callback, and how many they have."""
EXCERPTS = {"docs/how-to/migration.md"}
"""The pages that compare parts of two configurations."""
GUIDES = {
    "docs/explanation/scaling.md",
    "docs/how-to/agents.md",
    "docs/how-to/evaluation.md",
    "docs/how-to/llama-cpp-ollama.md",
    "docs/how-to/two-names.md",
}
"""The pages whose files have tests of their own, in tests/integration/guides, agents and backends."""
BACKENDS = ("http://127.0.0.1:8000", "http://127.0.0.1:8001")
PROXY = "http://127.0.0.1:4000"


def find_configs(page: str) -> list[dict[str, Any]]:
    """Return the complete configurations of a page that enforce policies."""
    blocks = [block.text for block in read_blocks(ROOT / page) if block.language == "yaml"]
    return [yaml.safe_load(text) for text in blocks if "model_list:" in text and "prompt_policy.litellm" in text]


def find_served_names(config: dict[str, Any]) -> Iterator[str]:
    """Yield the names that the backend of a configuration must serve."""
    for row in config["model_list"]:
        yield row["litellm_params"]["model"].removeprefix("hosted_vllm/")


def test_every_page_with_a_configuration_is_tested() -> None:
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))]
    found = {page: len(configs) for page in pages if page not in EXCERPTS | GUIDES and (configs := find_configs(page))}
    assert found == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_configuration_of_a_page_starts_and_a_policy_acts(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_page_files(ROOT / page, tmp_path)
    [config] = find_configs(page)
    commands = re.findall(rf"^prompt-policy (doctor {PROXY}.*)$", (ROOT / page).read_text(), re.MULTILINE)
    assert commands
    monkeypatch.setenv("LITELLM_MASTER_KEY", KEY)
    with serve_app_in_thread(create_app([*find_served_names(config)])) as backend:
        text = yaml.safe_dump(config)
        for address in BACKENDS:
            text = text.replace(address, backend)
        here = yaml.safe_load(text)
        assert here != config, "the backend's address is another one"
        with run_proxy(here, tmp_path) as proxy:
            reports = [run(*shlex.split(command.replace(PROXY, proxy.url)), folder=tmp_path) for command in commands]
    assert [(report.returncode, report.stderr) for report in reports] == [(0, "")] * len(commands)
    assert all(report.stdout.splitlines()[-1].startswith("acts: policy ") for report in reports)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_sets_the_key_that_its_configuration_reads(page: str) -> None:
    [config] = find_configs(page)
    assert config["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY"
    assert re.search(r'^export LITELLM_MASTER_KEY="sk-', (ROOT / page).read_text(), re.MULTILINE)
