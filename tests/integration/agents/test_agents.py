"""Coding agents end their tool loops with a shipped policy as without it, and their prompts suit the chat templates."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from prompt_policy import load
from prompt_policy.runtime import Pipeline
from tests.integration.agents.agents import find_last_text, read_guide_block
from tests.integration.agents.conversation import ANSWER, REASONING, TEXT
from tests.integration.agents.hosts import MODELS
from tests.integration.agents.rendering import SHOWS_REASONING, list_texts, render_request, squash
from tests.integration.agents.runs import AGENT_HOSTS, CASES, AgentCase, AgentRuns
from tests.support.maker_templates import REFUSED

# vLLM, which both hosts take for the backend, renders gpt-oss without its template, so nothing is moved there.
RENDERED_WITHOUT_TEMPLATE: Final = {"openai/gpt-oss-20b"}
MAX_OPENING: Final = 40
"""The last characters of a prompt, which open the answer. Templates write them differently once it is there."""
QWEN: Final = "Qwen/Qwen3.8-27B"
BILLING: Final = "x-anthropic-billing-header"
each_case = pytest.mark.parametrize("case", CASES, ids=str)


@each_case
def test_the_tool_loop_ends_as_without_the_policy(agent_runs: AgentRuns, case: AgentCase) -> None:
    plain, enforced = agent_runs.collect(case)

    assert (plain.status, plain.copied, len(plain.loop)) == (0, TEXT, 3), plain.errors
    assert ANSWER in find_last_text(plain.events)
    assert (enforced.status, enforced.copied) == (0, TEXT), enforced.errors
    assert enforced.events == plain.events


@each_case
def test_the_reasoning_of_the_running_loop_reaches_the_backend(agent_runs: AgentRuns, case: AgentCase) -> None:
    _plain, enforced = agent_runs.collect(case)

    assert [request.results for request in enforced.loop] == [0, 1, 2]
    for request in enforced.loop:
        sent = [text in json.dumps(request.body) for text in REASONING]
        assert sent == [number < request.results for number in range(len(REASONING))]


@each_case
def test_the_makers_template_accepts_every_request(agent_runs: AgentRuns, case: AgentCase) -> None:
    _plain, enforced = agent_runs.collect(case)
    policy = MODELS[case.model]

    prompts = [render_request(policy, request) for request in enforced.requests]
    assert [prompt[:200] for prompt in prompts if prompt.startswith(REFUSED)] == []
    if policy in SHOWS_REASONING:
        last = render_request(policy, enforced.loop[-1])
        assert all(text in last for text in REASONING)


@pytest.mark.parametrize("case", [case for case in CASES if case.model not in RENDERED_WITHOUT_TEMPLATE], ids=str)
def test_no_text_that_the_agent_sent_is_lost(agent_runs: AgentRuns, case: AgentCase) -> None:
    plain, enforced = agent_runs.collect(case)
    policy = MODELS[case.model]

    for request in enforced.requests:
        prompt = squash(render_request(policy, request))
        assert [text[:200] for text in list_texts(request) if squash(text) not in prompt] == []
    sent, received = (sum(map(len, list_texts(outcome.loop[0]))) for outcome in (plain, enforced))
    assert received > 0.95 * sent  # names of models and folders differ in length


@each_case
def test_every_prompt_of_the_loop_continues_the_one_before(agent_runs: AgentRuns, case: AgentCase) -> None:
    _plain, enforced = agent_runs.collect(case)

    prompts = [render_request(MODELS[case.model], request) for request in enforced.loop]
    for earlier, later in pairwise(prompts):
        shared = next((place for place in range(len(earlier)) if earlier[place] != later[place : place + 1]), None)
        assert shared is None or len(earlier) - shared < MAX_OPENING, (earlier[shared:][:200], later[shared:][:200])


@pytest.mark.parametrize("case", [case for case in CASES if case.model == QWEN and case.is_repaired], ids=str)
def test_without_the_policy_the_template_rejects_the_requests(agent_runs: AgentRuns, case: AgentCase) -> None:
    plain, _enforced = agent_runs.collect(case)

    prompts = [render_request(MODELS[QWEN], request) for request in plain.loop]
    assert all(prompt.startswith(REFUSED) for prompt in prompts)


def test_the_guides_policy_removes_the_billing_header(agent_runs: AgentRuns, tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(read_guide_block("agents.yaml"))
    pipeline = Pipeline(load(file))

    for host in AGENT_HOSTS["claude"]:
        for request in agent_runs.collect(AgentCase("claude", host, QWEN))[0].loop:
            assert any(BILLING in text for text in list_texts(request))
            applied = pipeline.apply(request.body, request.endpoint)
            assert BILLING not in json.dumps(applied.body)
