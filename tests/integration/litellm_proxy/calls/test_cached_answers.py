"""LiteLLM's cache holds answers to the calls to which the policy applies, not to those that LiteLLM converts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.integration.litellm_proxy.calls.deployments import FILTERED, OPENING, POLICY, build_config
from tests.integration.litellm_proxy.calls.test_converted_requests import send
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.responses import read_texts


@pytest.fixture(scope="module")
def caching_proxy(calls_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy with LiteLLM's cache on."""
    folder = tmp_path_factory.mktemp("caching")
    (folder / "policies").mkdir()
    (folder / "policies" / "guarded.yaml").write_text(yaml.safe_dump(POLICY))
    config = build_config(calls_backend)
    config["model_list"] = [row for row in config["model_list"] if "prompt_policy" not in row["model_info"]]
    config["litellm_settings"] |= {"cache": True, "cache_params": {"type": "local"}}
    with run_proxy(config, folder) as proxy:
        yield proxy


@WHOLE_AND_STREAMED
@pytest.mark.parametrize(
    ("alias", "endpoint"),
    [("lm-studio", "responses"), ("lm-studio", "messages"), ("responses-only", "chat"), ("vllm", "responses")],
)
def test_cached_answer_is_filtered_like_the_first(
    caching_proxy: Proxy, backend: FakeBackend, alias: str, endpoint: str, stream: bool
) -> None:
    first, second = (send(caching_proxy, endpoint, model=alias, stream=stream) for _ in range(2))

    assert len(backend.bodies) == 1, "the second answer must come from the cache"
    for response in (first, second):
        assert read_texts(endpoint, response.text, stream=stream)["content"] == OPENING + FILTERED
        assert response.headers["x-prompt-policy-applied"] == "cap,fixed,cite,fold,start"
    assert "report it to the developers" not in caching_proxy.log
