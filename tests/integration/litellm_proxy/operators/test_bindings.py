"""Exempt deployments, and bindings to policies that are missing, removed, or not understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.litellm_proxy.client import post
from tests.integration.litellm_proxy.operators.setup import build_config, build_row, write_policy, write_setup
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy, start_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.waiting import wait_until

TURNS: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
ENDPOINTS: dict[str, dict[str, Any]] = {
    "chat/completions": {"messages": TURNS},
    "completions": {"prompt": "Hi"},
    "responses": {"input": "Hi"},
    "messages": {"messages": TURNS[1:], "max_tokens": 9},
}
COOLER = "rules: [{name: cool, kind: clamp, parameters: {temperature: {value: %s}}}]\n"


def send(proxy: Proxy, model: str, path: str = "chat/completions", **body: Any) -> Any:
    return post(proxy, path, model=model, temperature=0.9, **{**ENDPOINTS[path], **body})


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("model", ["exempt", "exempt-by-false"])
def test_exempt_deployment_has_no_policy(
    own_proxy: Proxy, sent: FakeBackend, model: str, path: str, stream: bool
) -> None:
    response = send(own_proxy, model, path, stream=stream)
    assert response.status_code == 200, response.text
    assert sent.last()["temperature"] == 0.9
    assert "x-prompt-policy" not in response.headers
    assert send(own_proxy, "by-name", path, stream=stream).headers["x-prompt-policy"].startswith("steady@")
    assert sent.last()["temperature"] == 0.25


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "own",
    [
        {"model_info": {"prompt_policy": "none"}},
        {"extra_body": {"model_info": {"prompt_policy": "none"}}},
        {"metadata": {"model_info": {"prompt_policy": "none"}}},
        {"litellm_metadata": {"model_info": {"prompt_policy": "none"}}},
        {"litellm_params": {"model_info": {"prompt_policy": "none"}}},
    ],
    ids=lambda own: next(iter(own)),
)
def test_client_cannot_exempt_itself(own_proxy: Proxy, sent: FakeBackend, path: str, own: dict[str, Any]) -> None:
    send(own_proxy, "by-name", path, **own)
    assert [body["temperature"] for body in sent.bodies] in ([], [0.25]), "the policy applies, or LiteLLM refuses it"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_binding_to_a_missing_policy_refuses_only_its_own_deployment(
    own_proxy: Proxy, sent: FakeBackend, path: str
) -> None:
    response = send(own_proxy, "misbound", path)
    assert response.status_code in (400, 500)
    message = response.json()["error"]["message"]
    assert "the deployment's model_info is wrong: deployment misbound: no policy is named 'gone'" in message
    assert sent.bodies == []


def test_startup_logs_exemptions_and_missing_policies(own_proxy: Proxy) -> None:
    log = own_proxy.log
    assert "INFO prompt_policy: deployment exempt (hosted_vllm/acme-7b): no policy, because its deployment is" in log
    assert (
        "ERROR prompt_policy: deployment misbound (hosted_vllm/other-7b): requests are refused: "
        "no policy is named 'gone'"
    ) in log
    assert "deployment vectors" not in log


def test_missing_policy_does_not_block_edits_of_the_others(own_proxy: Proxy, sent: FakeBackend) -> None:
    folder = own_proxy.log_file.parent
    for temperature in (0.125, 0.375):
        write_policy(folder, "edited", COOLER % temperature)

        def has_changed(expected: float = temperature) -> bool:
            send(own_proxy, "edited")
            return bool(sent.last()["temperature"] == expected)

        wait_until(has_changed, describe=lambda: own_proxy.log)


def test_edit_that_removes_a_bound_policy_is_logged_and_refuses_its_deployment(
    own_proxy: Proxy, sent: FakeBackend
) -> None:
    def wait_for_lines(text: str, count: int) -> None:
        line = f"deployment removed (hosted_vllm/other-7b): {text}"
        wait_until(lambda: own_proxy.log.count(line) == count, describe=lambda: own_proxy.log)

    for times in (1, 2):
        file = write_policy(own_proxy.log_file.parent, "removed")
        wait_for_lines("policy removed@", times)
        assert send(own_proxy, "removed").status_code == 200
        file.unlink()
        wait_for_lines("requests are refused: no policy is named 'removed'", times)
        sent.bodies.clear()
        response = send(own_proxy, "removed")
        assert "deployment removed: no policy is named 'removed'" in response.json()["error"]["message"]
        assert sent.bodies == []
        assert send(own_proxy, "by-name").status_code == 200


def test_binding_that_is_not_understood_stops_the_proxy(own_backend: FakeBackend, tmp_path: Path) -> None:
    write_setup(tmp_path)
    config = build_config(own_backend)
    values: list[Any] = [5, ["steady"], True, "", None]
    config["model_list"] += [build_row(own_backend, f"wrong-{n}", prompt_policy=each) for n, each in enumerate(values)]
    proxy = start_proxy(config, tmp_path)
    assert proxy.process.wait(120) == 3
    lines = proxy.log.rstrip().splitlines()
    assert lines[-6] == "prompt-policy:"
    assert lines[-5:] == [
        f"deployment wrong-{n} (hosted_vllm/acme-7b): model_info.prompt_policy is {found}, not the name of a policy; "
        "write a name, or none to exempt the deployment"
        for n, found in enumerate(["a number", "a list", "true", "an empty text", "null"])
    ]
