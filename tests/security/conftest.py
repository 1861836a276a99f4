"""The guarded proxy, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.security.guarded_proxy import AUTH, GUARDED, LAX, PROMPT, STRICT, GuardedProxy, build_config
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import run_proxy


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedProxy]:
    """The proxy, for the whole session."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "own_auth.py").write_text(AUTH)
    (folder / "policies").mkdir()
    (folder / "prompts").mkdir()
    (folder / "prompts" / "evil.prompt").write_text(PROMPT)
    for policy in (GUARDED, LAX, STRICT):
        (folder / "policies" / f"{policy['name']}.yaml").write_text(yaml.safe_dump(policy))
    pieces = [{"content": "\n\nHello\n"}, {"content": "\n\n\nworld\n"}]
    with (
        run_backend(FakeBackend(answers={"m": pieces, "strict": pieces})) as backend,
        run_proxy(build_config(backend), folder) as proxy,
        httpx.Client(base_url=proxy.url, timeout=60) as client,
    ):
        yield GuardedProxy(proxy, backend, client)
