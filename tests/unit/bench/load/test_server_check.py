"""The inspection of the servers before a run."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.bench.load.client import open_session
from prompt_policy.bench.load.server_check import ServerProfile, classify_seeds, inspect_servers, is_alive
from prompt_policy.bench.load.stream_timing import Transcript
from prompt_policy.bench.plan import Arm
from prompt_policy.errors import ServerError
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.records import make_plan, make_questions
from tests.support.serving import serve_paced


async def inspect(url: str, model: str = "m", **changes: Any) -> ServerProfile:
    plan = make_plan(("off",), **changes)
    arms = (plan.arms[0].model_copy(update={"url": url, "model": model}),)
    async with open_session(10) as session:
        return await inspect_servers(session, plan.model_copy(update={"arms": arms}), make_questions(1)[0], None)


async def test_version_tokens_and_seeds_of_a_server_are_detected() -> None:
    with serve_paced() as url:
        profile = await inspect(url)
        assert (profile.seeds, profile.token_source) == ("honoured", "usage")
        assert profile.servers["off"]["vllm"] == "0.32.0"
        assert profile.servers["off"]["listed"] == {"id": "m", "object": "model"}
        async with open_session(10) as session:
            assert await is_alive(session, Arm(name="off", url=url, model="m"), None)


async def test_a_wrong_model_or_url_is_an_error_with_a_hint() -> None:
    with serve_paced() as url:
        with pytest.raises(ServerError, match=r"has no model 'mm' \(did you mean 'm'\?\)"):
            await inspect(url, "mm")
        with pytest.raises(ServerError, match="does the URL end with /v1"):
            await inspect(url.removesuffix("/v1"))


async def test_ignored_seeds_are_detected() -> None:
    with serve_paced(honours_seeds=False, reports_usage=False) as url:
        profile = await inspect(url)
        assert profile.seeds == "repeated: different seeds give the same answer"
        assert profile.token_source == "chunks"


async def test_an_unreachable_server_is_an_error() -> None:
    url = f"http://{LOOPBACK}:{find_free_port(LOOPBACK)}/v1"
    with pytest.raises(ServerError, match=r"arm off: nothing answers at http.*is the server running\?"):
        await inspect(url)
    async with open_session(10) as session:
        assert not await is_alive(session, Arm(name="off", url=url, model="m"), None)


@pytest.mark.parametrize(
    ("texts", "seeds"),
    [
        (["a", "a", "b", "c"], "honoured"), (["a", "x", "b", "c"], "ignored: one seed gives different answers"),
        (["a", "a", "a", "a"], "repeated: different seeds give the same answer"),
        (["", "", "", ""], "unknown: the answers were empty"),
    ],
)  # fmt: skip
def test_seeds_are_classified_by_four_answers(texts: list[str], seeds: str) -> None:
    answers = [Transcript(texts=[(0, "", text)]) for text in texts]
    assert classify_seeds(answers, make_plan()) == seeds
    assert classify_seeds(answers, make_plan(parameters={"temperature": 0})).startswith("unknown: at temperature 0")
