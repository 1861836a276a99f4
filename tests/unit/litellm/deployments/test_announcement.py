"""Tests of the lines about deployments; tests/integration/litellm_proxy/operators reads them in a real proxy's log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import litellm
import pytest

from prompt_policy import Policy, PolicySet
from prompt_policy.litellm.deployments.announcement import DeploymentAnnouncer, announce_forever
from prompt_policy.litellm.deployments.resolver import DeploymentResolver
from tests.support.policies import clamp, policy_of


def build_resolver(*policies: Policy) -> DeploymentResolver:
    return DeploymentResolver(PolicySet(policies))


def build_policy(name: str = "mine", models: tuple[str, ...] = ("acme",), maximum: float = 1) -> Policy:
    return policy_of(clamp(temperature={"max": maximum}), name=name, applies_to={"models": models})


def build_row(alias: str, model: str = "hosted_vllm/acme", **keys: Any) -> dict[str, Any]:
    parameters = keys.pop("litellm_params", {})
    return {"model_name": alias, "litellm_params": {"model": model, **parameters}, "model_info": keys}


RESOLVER = build_resolver(build_policy())
MINE = f"policy mine@{build_policy().hash}, because its name matches acme"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that were logged, with their level."""
    caplog.set_level(logging.INFO, "prompt_policy")

    class Lines(list[str]):
        def read(self) -> list[str]:
            found = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
            caplog.clear()
            return found

    return Lines()


def read(lines: Any) -> list[str]:
    found: list[str] = lines.read()
    return found


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (build_row("a"), [f"INFO deployment a (hosted_vllm/acme): {MINE}"]),
        (
            build_row("a", "hosted_vllm/b", prompt_policy="mine"),
            [f"INFO deployment a (hosted_vllm/b): {MINE.partition(',')[0]}, because model_info.prompt_policy names it"],
        ),
        (
            build_row("100%s", "hosted_vllm/b"),
            ["WARNING deployment 100%s (hosted_vllm/b): NO policy, because no pattern matches; bind one with "
             "model_info.prompt_policy"],
        ),
        (
            build_row("a", prompt_policy=False),
            ["INFO deployment a (hosted_vllm/acme): no policy, because its deployment is exempt"],
        ),
        (
            build_row("a", prompt_policy="gone"),
            ["ERROR deployment a (hosted_vllm/acme): requests are refused: no policy is named 'gone'"],
        ),
        (
            build_row("*", "hosted_vllm/*"),
            ["INFO deployment * (hosted_vllm/*): its policy is selected by the model name in each request"],
        ),
        (
            build_row("*", "hosted_vllm/*", prompt_policy="gone"),
            ["ERROR deployment * (hosted_vllm/*): requests are refused: no policy is named 'gone'"],
        ),
        (
            build_row("*", "hosted_vllm/*", prompt_policy="none"),
            ["INFO deployment * (hosted_vllm/*): no policy, because its deployment is exempt"],
        ),
        (build_row("a", mode="embedding"), []),
        (build_row("a", "openai/text-embedding-3-small"), []),
        (
            build_row("a", mode="rerank", prompt_policy="gone"),
            ["ERROR deployment a (hosted_vllm/acme): requests are refused: no policy is named 'gone'"],
        ),
        ({"model_name": None, "litellm_params": None, "model_info": None},
         ["WARNING deployment None (): NO policy, because no pattern matches; bind one with model_info.prompt_policy"]),
    ],
)  # fmt: skip
def test_each_deployment_has_one_line(lines: Any, row: dict[str, Any], expected: list[str]) -> None:
    DeploymentAnnouncer().update(RESOLVER, [row])
    assert read(lines) == expected


def test_contradictions_follow_the_policy(lines: Any) -> None:
    row = build_row("a", litellm_params={"additional_drop_params": ["temperature"]})
    DeploymentAnnouncer().update(RESOLVER, [row])
    first, second = read(lines)
    assert first.startswith("INFO deployment a")
    assert second.startswith("WARNING deployment a (hosted_vllm/acme): litellm_params.additional_drop_params contra")


def test_equal_lines_and_later_updates_are_not_repeated(lines: Any) -> None:
    announcer = DeploymentAnnouncer()
    for _ in range(3):
        announcer.update(RESOLVER, [build_row("a", id="1"), build_row("a", id="2")])
    assert len(read(lines)) == 1


def test_added_deployments_are_logged_and_removed_ones_again(lines: Any) -> None:
    announcer = DeploymentAnnouncer()
    announcer.update(RESOLVER, [build_row("a")])
    read(lines)
    announcer.update(RESOLVER, [build_row("a"), build_row("b")])
    assert [line.partition(" (")[0] for line in read(lines)] == ["INFO deployment b"]
    announcer.update(RESOLVER, [build_row("b")])
    assert read(lines) == []
    announcer.update(RESOLVER, [build_row("a"), build_row("b")])
    assert [line.partition(" (")[0] for line in read(lines)] == ["INFO deployment a"]


def test_edit_is_logged_only_if_another_policy_or_none_applies(lines: Any) -> None:
    announcer, row = DeploymentAnnouncer(), build_row("a", prompt_policy="mine")
    announcer.update(RESOLVER, [row])
    read(lines)
    announcer.update(build_resolver(build_policy(maximum=0.5)), [row])
    assert read(lines) == []
    announcer.update(build_resolver(build_policy("other")), [row])
    assert read(lines) == ["ERROR deployment a (hosted_vllm/acme): requests are refused: no policy is named 'mine'"]
    announcer.update(RESOLVER, [row])
    assert len(read(lines)) == 1


async def test_router_is_watched(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm.proxy import proxy_server

    monkeypatch.setattr(proxy_server, "llm_router", None)
    task = asyncio.create_task(announce_forever(lambda: RESOLVER, 0.01))
    await asyncio.sleep(0.05)
    assert read(lines) == []
    rows = [{"model_name": "a", "litellm_params": {"model": "hosted_vllm/acme"}}]
    monkeypatch.setattr(proxy_server, "llm_router", litellm.Router(model_list=rows))
    found: list[str] = []
    while not found:
        await asyncio.sleep(0.01)
        found = [line for line in read(lines) if "deployment a" in line]
    task.cancel()
    assert found == [f"INFO deployment a (hosted_vllm/acme): {MINE}"]


async def test_failing_look_is_logged_once_and_does_not_end_the_watch(lines: Any) -> None:
    calls: list[int] = []

    def fail() -> DeploymentResolver:
        calls.append(1)
        raise RuntimeError("broken")

    task = asyncio.create_task(announce_forever(fail, 0.01))
    while len(calls) < 3:
        await asyncio.sleep(0.01)
    task.cancel()
    assert read(lines) == ["ERROR the deployments' policies could not be logged"]
