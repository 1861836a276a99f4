"""Which pipeline a request's model gets, in hosts that see bytes."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from prompt_policy import LoadError, PolicySet, UsageError
from prompt_policy.runtime.policing import Policing, policing_of
from tests.support import policy_of

RULE = {"kind": "filter_whitespace"}
CHAT = policy_of(RULE, applies_to={"models": ["chatty-*"]})
FILE = "version: 1\nname: mine\nrules: [{name: tidy, kind: filter_whitespace}]\n"


def name_of(policing: Policing, model: str) -> str | None:
    pipeline = policing.pipeline(model)
    return pipeline.name if pipeline else None


def test_the_models_name_chooses() -> None:
    policing = Policing(PolicySet([CHAT]))

    assert name_of(policing, "chatty-7b") == "test"
    assert name_of(policing, "silent-7b") is None


def test_a_name_binds_every_request() -> None:
    assert name_of(Policing(PolicySet([CHAT]), "test"), "anything") == "test"


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'test'"):
        Policing(PolicySet([CHAT]), "tset")


def test_a_model_without_a_policy_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    policing = Policing(PolicySet([CHAT]))

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            policing.pipeline("silent\n-7b")

    assert [record.getMessage() for record in caplog.records] == [
        "model 'silent\\n-7b': NO policy, because no pattern matches"
    ]


def test_one_policy_holds_for_every_request() -> None:
    assert name_of(policing_of(CHAT, None, {}).current, "anything") == "test"


def test_the_environment_names_paths_and_a_policy(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE)
    variables = {
        "PROMPT_POLICY_PATH": os.pathsep.join([str(tmp_path), "deepseek-r1"]),
        "PROMPT_POLICY_NAME": "mine",
    }

    assert name_of(policing_of(None, None, variables).current, "deepseek-ai/DeepSeek-R1") == "mine"
    assert name_of(policing_of(None, "deepseek-r1", variables).current, "m") == "deepseek-r1"


def test_without_anything_it_is_the_shipped_library() -> None:
    assert (
        name_of(policing_of(None, None, {}).current, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B") == "deepseek-r1-distill"
    )


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        policing_of(tmp_path / "none.yaml", None, {})


def test_what_is_enforced_can_be_said() -> None:
    assert str(Policing(PolicySet([CHAT]), "test")) == f"policy test@{CHAT.hash} for every request"
    assert str(Policing(PolicySet([CHAT]))) == f"chosen by the model's name from test@{CHAT.hash}"


def test_clients_of_one_file_share_what_was_compiled_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1\nname: mine\nrules: []\n")
    first = policing_of(file, None, {})

    assert policing_of(str(file), None, {}) is first
    assert policing_of(file, "mine", {}) is not first

    file.write_text("version: 1\nname: other\nrules: []\n")
    second = policing_of(file, None, {})
    assert second is not first
    assert [policy.name for policy in second.current.policies.policies] == ["other"]


def test_a_share_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"PROMPT_POLICY_LOG_SAMPLE: expected a share from 0 to 1, got '2'"):
        policing_of(CHAT, None, {"PROMPT_POLICY_LOG_SAMPLE": "2"})


def test_a_long_model_name_is_cut_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    policing = Policing(PolicySet([CHAT]))
    for end in ("a", "b"):
        assert policing.pipeline("m" * 100_000 + end) is None
    [record] = caplog.records
    assert len(record.getMessage()) < 300
