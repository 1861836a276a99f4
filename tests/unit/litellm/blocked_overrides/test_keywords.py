"""Tests of the list of LiteLLM's own keywords, against the source of the installed LiteLLM."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.litellm.blocked_overrides import keywords
from prompt_policy.litellm.blocked_overrides.keywords import (
    find_blocked_keyword,
    find_keyword,
    load_blocked_keywords,
    load_keywords,
)
from tests.support.litellm_keywords import collect_keywords, find_litellm


def test_every_keyword_of_the_installed_litellm_is_known() -> None:
    """If it fails: read what LiteLLM does with the keyword, and add it to ``keywords.yaml``."""
    unknown = {name: files for name, files in collect_keywords(find_litellm()).items() if find_keyword(name) is None}
    assert unknown == {}


@pytest.mark.parametrize(
    "code",
    [
        'def acompletion(new_keyword=None): ...',
        'async def acompletion(*, new_keyword): ...',
        'def f(kwargs): return kwargs.get("new_keyword")',
        'def f(self): self.optional_params.pop("new_keyword", None)',
        'def f(litellm_params): return litellm_params["new_keyword"]',
        'def f(kwargs): return "new_keyword" in kwargs',
    ],
)  # fmt: skip
def test_harvest_finds_a_new_keyword_however_litellm_reads_it(code: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(code)
    assert collect_keywords(tmp_path)["new_keyword"] == {"main.py"}


@pytest.mark.parametrize("place", ["proxy/x.py", "llms/x/embedding/transformation.py"])
def test_harvest_skips_code_before_the_hook_and_other_endpoints(place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text('def f(kwargs): return kwargs.get("new_keyword")')
    assert "new_keyword" not in collect_keywords(tmp_path)


def test_fields_of_a_deployments_parameters_are_keywords(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "router.py").write_text("class GenericLiteLLMParams:\n    new_keyword: str | None = None")
    assert collect_keywords(tmp_path)["new_keyword"] == {"types/router.py"}


def test_keyword_is_listed_once() -> None:
    text = Path(keywords.__file__).with_name("keywords.yaml").read_text()
    listed = [name for line in text.splitlines() if line.startswith("     ") or line.startswith("    [")
              for name in line.strip(" []").replace('"', "").rstrip(",").split(", ")]  # fmt: skip
    assert sorted(name.strip("],") for name in listed) == sorted(load_keywords())


@pytest.mark.parametrize(
    ("name", "handling"),
    [
        ("prompt_id", "refused"),
        ("deployment_id", "removed_everywhere"),
        ("text_completion", "removed"),
        ("_anything", "removed"),
        ("_litellm_strip_stream_usage", "harmless"),
        ("temperature", "harmless"),
        ("input_cost_per_token", "harmless"),
    ],
)
def test_keyword_is_found_by_name_or_glob(name: str, handling: str) -> None:
    keyword = find_keyword(name)
    assert keyword is not None
    assert keyword.handling == handling
    assert (find_blocked_keyword(name) is None) == (handling == "harmless")


def test_parameter_that_litellm_does_not_own_is_not_blocked() -> None:
    assert find_keyword("chat_template_kwargs") is None
    assert find_blocked_keyword("chat_template_kwargs") is None


def test_keyword_of_a_newer_litellm_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm.types import utils

    monkeypatch.setattr(utils, "all_litellm_params", [*utils.all_litellm_params, "new_keyword"])
    load_blocked_keywords.cache_clear()
    try:
        keyword = find_blocked_keyword("new_keyword")
        assert keyword is not None
        assert keyword.handling == "removed"
    finally:
        load_blocked_keywords.cache_clear()
