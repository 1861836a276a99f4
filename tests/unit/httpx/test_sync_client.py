"""The Client that enforces policies; tests/unit/test_openai.py uses it with an SDK."""

from __future__ import annotations

import importlib
from pathlib import Path

from prompt_policy.httpx import async_client, sync_client
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.httpx.sync_client import create_client_class
from tests.support.unasync import strip_async

LIBRARY = detect_installed_library()
module = importlib.import_module(LIBRARY)


def test_class_is_created_once_per_library() -> None:
    client_class = create_client_class(LIBRARY)

    assert client_class is create_client_class(LIBRARY)
    assert issubclass(client_class, module.Client)


def test_module_equals_its_twin_without_async() -> None:
    assert Path(sync_client.__file__).read_text() == strip_async(Path(async_client.__file__).read_text())
