"""What is asked of a server before a run."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.bench.loadgen import open_session
from prompt_policy.bench.plan import Arm
from prompt_policy.bench.reading import Told
from prompt_policy.bench.server import Found, examined, is_alive, seeds_of
from prompt_policy.errors import ServerError
from prompt_policy.launcher.ports import LOOPBACK, free_port
from tests.bench.making import plan, questions
from tests.bench.serving import serving


async def found(url: str, model: str = "m", **changed: Any) -> Found:
    made = plan(("off",), **changed)
    arms = (made.arms[0].model_copy(update={"url": url, "model": model}),)
    async with open_session(10) as session:
        return await examined(session, made.model_copy(update={"arms": arms}), questions(1)[0], None)


async def test_a_server_tells_its_version_its_tokens_and_what_it_does_with_seeds() -> None:
    with serving() as url:
        made = await found(url)
        assert (made.seeds, made.token_source) == ("honoured", "usage")
        assert made.servers["off"]["vllm"] == "0.32.0"
        assert made.servers["off"]["listed"] == {"id": "m", "object": "model"}
        async with open_session(10) as session:
            assert await is_alive(session, Arm(name="off", url=url, model="m"), None)
        with pytest.raises(ServerError, match=r"has no model 'mm' \(did you mean 'm'\?\)"):
            await found(url, "mm")
        with pytest.raises(ServerError, match="does the URL end with /v1"):
            await found(url.removesuffix("/v1"))


async def test_seeds_that_are_ignored_are_found() -> None:
    with serving(obeys_seeds=False, tells_usage=False) as url:
        made = await found(url)
        assert made.seeds == "repeated: different seeds give one answer"
        assert made.token_source == "chunks"


async def test_nobody_there_is_a_line() -> None:
    url = f"http://{LOOPBACK}:{free_port(LOOPBACK)}/v1"
    with pytest.raises(ServerError, match=r"arm off: nothing answers at http.*is the server up\?"):
        await found(url)
    async with open_session(10) as session:
        assert not await is_alive(session, Arm(name="off", url=url, model="m"), None)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["a", "a", "b", "c"], "honoured"), (["a", "x", "b", "c"], "ignored: one seed gives different answers"),
        (["a", "a", "a", "a"], "repeated: different seeds give one answer"),
        (["", "", "", ""], "not told: the answers were empty"),
    ],
)  # fmt: skip
def test_seeds(texts: list[str], told: str) -> None:
    answers = [Told(texts=[(0, "", text)]) for text in texts]
    assert seeds_of(answers, plan()) == told
    assert seeds_of(answers, plan(parameters={"temperature": 0})).startswith("not told: at temperature 0")
