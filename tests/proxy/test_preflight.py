"""What is told to be wrong before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.errors import LoadError, UsageError
from prompt_policy.proxy.preflight import check_installed, check_policies, fit_for_header, master_key


def test_what_is_installed_is_fine() -> None:
    check_installed()


def test_a_missing_package_is_told_with_the_remedy() -> None:
    with pytest.raises(UsageError, match=r'^no_such_package not installed: pip install "prompt-policy\[litellm\]"$'):
        check_installed(["json", "no_such_package"])


def test_the_shipped_library_is_fine() -> None:
    check_policies([])


def test_a_broken_policy_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nname: broken\nruls: []\n")

    with pytest.raises(LoadError, match="did you mean 'rules'"):
        check_policies([str(file)])


def test_standard_input_is_no_policy_for_a_proxy() -> None:
    with pytest.raises(UsageError, match="from files"):
        check_policies(["-"])


@pytest.mark.parametrize(("given", "key"), [(None, None), ("", None), (" \n", None), (" sk-a\n", "sk-a")])
def test_space_around_a_key_is_dropped(given: str | None, key: str | None) -> None:
    assert fit_for_header("--key", given) == key


@pytest.mark.parametrize("key", ["schlüssel", "a b", "a\nb"])
def test_a_key_that_no_header_takes_is_told(key: str) -> None:
    with pytest.raises(UsageError, match=r"^--key: "):
        fit_for_header("--key", key)


def test_the_published_master_key_is_refused() -> None:
    with pytest.raises(UsageError, match="LITELLM_MASTER_KEY is the example"):
        master_key({"LITELLM_MASTER_KEY": "sk-1234"})
