"""``prompt-policy doctor`` on a real vLLM with the middleware."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy import load
from prompt_policy.probe.doctor.examination import DoctorOptions, examine_server
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.vllm_server import Server


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("parser", [False, True])
@pytest.mark.parametrize("endpoint", ["chat", "messages"])
def test_the_middleware_in_vllm_acts(
    servers: dict[bool, Server], policies: Path, endpoint: str, stream: bool, parser: bool
) -> None:
    policy = load(policies / "deepseek-r1-distill.yaml")
    options = {"model": "DeepSeek-R1-Distill-Tiny", "endpoint": endpoint, "stream": stream, "expected": policy}
    found = examine_server(DoctorOptions(servers[parser].root, timeout_s=120, **options))  # type: ignore[arg-type]

    assert (found.verdict.name, found.verdict.exit_code) == ("acts", 0)
    assert (found.identity.software, found.report.selected_by) == ("vLLM", "name")
    assert found.identity.version is not None
    assert found.identity.version.startswith("0.32.0")
    assert found.answer in ("filtered", "no filter")


def test_a_served_name_that_matches_no_policy_is_reported(servers: dict[bool, Server]) -> None:
    found = examine_server(DoctorOptions(servers[False].root, model="plain", timeout_s=120))
    assert (found.verdict.name, found.verdict.exit_code) == ("unmatched", 1)
    assert "PROMPT_POLICY_NAME" in found.verdict.remedy


def test_an_unknown_model_is_reported(servers: dict[bool, Server]) -> None:
    found = examine_server(DoctorOptions(servers[False].root, model="plane", timeout_s=120))
    assert found.verdict.name == "unknown-model"
    assert "did you mean 'plain'?" in found.verdict.message
