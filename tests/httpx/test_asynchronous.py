"""The policing clients of a family; what they do with an SDK is in tests/test_openai.py."""

from __future__ import annotations

import importlib

from prompt_policy.httpx.asynchronous import async_client_class
from prompt_policy.httpx.family import installed_family

FAMILY = installed_family()
module = importlib.import_module(FAMILY)


def test_the_class_is_made_once_and_is_the_familys() -> None:
    made = async_client_class(FAMILY)

    assert made is async_client_class(FAMILY)
    assert issubclass(made, module.AsyncClient)
