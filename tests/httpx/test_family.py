"""The two families of http clients."""

from __future__ import annotations

import importlib

import pytest

from prompt_policy import UsageError
from prompt_policy.httpx.family import family_of, installed_family, refusing_transport

FAMILY = installed_family()
module = importlib.import_module(FAMILY)


def test_the_installed_openai_says_which_family() -> None:
    import openai

    assert installed_family() == ("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx")


async def test_a_client_and_its_subclasses_are_known() -> None:
    class Own(module.AsyncClient):  # type: ignore[misc, name-defined]
        """A client of one's own."""

    with module.Client() as client:
        assert family_of(client) == (FAMILY, False)
    async with Own() as own:
        assert family_of(own) == (FAMILY, True)


def test_anything_else_is_told() -> None:
    with pytest.raises(UsageError, match=r"builtins\.object is no client of httpx or httpx2"):
        family_of(object())


def test_what_goes_past_send_is_refused() -> None:
    with (
        module.Client(transport=refusing_transport(FAMILY)()) as client,
        pytest.raises(UsageError, match="goes past it is refused"),
    ):
        client.get("http://127.0.0.1:9")
