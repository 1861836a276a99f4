"""Checks that run before the proxy is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.errors import LoadError, UsageError
from prompt_policy.proxy.preflight import check_installed, check_policies, read_master_key, validate_key


def test_installed_packages_are_accepted() -> None:
    check_installed()


def test_a_missing_package_is_reported_with_the_remedy() -> None:
    with pytest.raises(
        UsageError, match=r'^no_such_package not installed; run: pip install "prompt-policy\[litellm\]"$'
    ):
        check_installed(["json", "no_such_package"])


def test_the_shipped_library_is_accepted() -> None:
    check_policies([])


def test_an_invalid_policy_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nname: broken\nruls: []\n")

    with pytest.raises(LoadError, match="did you mean 'rules'"):
        check_policies([str(file)])


def test_standard_input_is_rejected() -> None:
    with pytest.raises(UsageError, match="from standard input"):
        check_policies(["-"])


@pytest.mark.parametrize(("given", "key"), [(None, None), ("", None), (" \n", None), (" sk-a\n", "sk-a")])
def test_whitespace_around_a_key_is_removed(given: str | None, key: str | None) -> None:
    assert validate_key("--key", given) == key


@pytest.mark.parametrize("key", ["schlüssel", "a b", "a\nb"])
def test_a_key_unfit_for_a_header_is_rejected(key: str) -> None:
    with pytest.raises(UsageError, match=r"^--key: "):
        validate_key("--key", key)


def test_the_example_master_key_is_rejected() -> None:
    with pytest.raises(UsageError, match="LITELLM_MASTER_KEY is the example"):
        read_master_key({"LITELLM_MASTER_KEY": "sk-1234"})
