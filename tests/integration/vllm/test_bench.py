"""The benchmark on a real vLLM through LiteLLM. The answers of random weights are noise, but the times are real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from prompt_policy.bench.record import read_record
from tests.support.litellm_proxy import KEY, Proxy

COMMAND = str(Path(sys.executable).parent / "prompt-policy")


def test_off_and_on_through_the_proxy_with_a_report(proxied: Proxy, tmp_path: Path) -> None:
    result = subprocess.run(
        [COMMAND, "bench", "--base-url", f"{proxied.url}/v1", "--model", "raw", "--arm-model", "on=enforced",
         "--questions", "builtin:6", "--samples", "5", "--load", "closed:4", "--blocks", "2", "--warmup", "2",
         "--max-tokens", "24", "--json", "--html", "report.html"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"OPENAI_API_KEY": KEY}, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["ended"], summary["missing"]) == ("complete", 0)
    assert summary["seeds"] == "honoured"
    figures = summary["figures"]
    assert (figures["requests_off"], figures["requests_on"]) == (30, 30)
    assert (figures["errors_off"], figures["errors_on"]) == (0, 0)
    assert figures["tokens_on"] > 0
    assert figures["e2e_ratio"] > 0
    assert "<svg" in (tmp_path / "report.html").read_text()

    record = read_record(tmp_path / "run.jsonl")
    policies = {
        arm: {request.policy for request in record.requests.values() if request.arm == arm} for arm in ("off", "on")
    }
    assert policies["off"] == {None}
    assert all(name and name.startswith("deepseek-r1-distill@") for name in policies["on"])
    texts: dict[tuple[str, str], set[str]] = {}
    for request in record.requests.values():
        texts.setdefault((request.arm, request.question), set()).add(request.reasoning + request.content)
    assert sum(len(each) > 1 for each in texts.values()) > len(texts) / 2  # the five samples of a question differ
