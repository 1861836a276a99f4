"""A policy in front of a real llama.cpp server with real weights, as docs/how-to/llama-cpp-ollama.md describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from openai import OpenAI

from prompt_policy.openai import wrap
from prompt_policy.probe.doctor.examination import DoctorOptions, examine_server
from prompt_policy.proxy.demo.weights import MODEL_NAME
from tests.integration.backends.test_backends import OLLAMA_ANSWER
from tests.support.fake_backend import FakeBackend, build_json_response, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.llama_cpp_server import ensure_llama_cpp, run_llama_cpp
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.missing import fail_in_ci
from tests.support.page_files import GUIDES, write_page_files
from tests.support.uv_environment import EnvironmentUnavailable

PAGE: Final = GUIDES / "llama-cpp-ollama.md"
SYSTEM: Final = "You write for children."
QUESTION: Final = "What is the sea?"
SENT: Final[dict[str, Any]] = {"temperature": 1.5, "seed": 3, "max_tokens": 12}
RECEIVED: Final[dict[str, Any]] = {"temperature": 0.2, "top_p": 0.9, "top_k": 20, "seed": 3, "max_tokens": 12}
"""What the policy makes of SENT: neither server is known to read ``min_tokens``."""
MESSAGES: Final = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
FOLDED: Final = [{"role": "user", "content": f"{SYSTEM}\n\n{QUESTION}\nAnswer in one short sentence."}]
ADDRESSES: Final = ("http://127.0.0.1:8080", "http://127.0.0.1:11434")
"""The addresses of llama.cpp and of Ollama on the page."""


@pytest.fixture(scope="module")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of a llama.cpp server."""
    try:
        python, weights = ensure_llama_cpp()
    except EnvironmentUnavailable as error:
        fail_in_ci(str(error))
    with run_llama_cpp(python, weights, tmp_path_factory.mktemp("llama-cpp") / "server.log") as url:
        yield url


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeBackend]:
    """A stand-in that answers as Ollama does; no package index has a real one."""
    with run_backend(FakeBackend(build_json_response(OLLAMA_ANSWER))) as backend:
        yield backend


@pytest.fixture(scope="module")
def proxy(llama_cpp: str, ollama: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's proxy with the page's files, at the addresses of the test's servers."""
    folder = tmp_path_factory.mktemp("proxy")
    config = write_page_files(PAGE, folder)["config.yaml"]
    for printed, started in zip(ADDRESSES, (llama_cpp, ollama.url), strict=True):
        assert printed in config
        config = config.replace(printed, started)
    with run_proxy(yaml.safe_load(config), folder) as running:
        yield running


def complete(
    client: OpenAI, messages: list[dict[str, str]], *, model: str = MODEL_NAME, stream: bool = False, **keys: Any
) -> str:
    """Return the text of an answer. Keys that OpenAI's client does not know are sent as they are."""
    extra = {name: keys.pop(name) for name in ("top_k", "min_p") if name in keys}
    request: dict[str, Any] = {"model": model, "messages": messages, "extra_body": extra, **keys}
    if not stream:
        return client.chat.completions.create(**request).choices[0].message.content or ""
    chunks = client.chat.completions.create(stream=True, **request)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.fixture(scope="module")
def direct(llama_cpp: str) -> Iterator[OpenAI]:
    """A client of llama.cpp itself, without a policy."""
    with OpenAI(base_url=f"{llama_cpp}/v1", api_key="none") as client:
        yield client


@pytest.fixture(scope="module")
def proxied(proxy: Proxy) -> Iterator[OpenAI]:
    """A client of the proxy."""
    with OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@WHOLE_AND_STREAMED
def test_the_answer_is_that_to_the_changed_request(proxied: OpenAI, direct: OpenAI, stream: bool) -> None:
    enforced = complete(proxied, MESSAGES, model="on-llama-cpp", stream=stream, **SENT)
    assert enforced == complete(direct, FOLDED, **RECEIVED)
    assert enforced != complete(direct, MESSAGES, **SENT)


@WHOLE_AND_STREAMED
def test_a_wrapped_client_gets_the_same_answer(llama_cpp: str, direct: OpenAI, tmp_path: Path, stream: bool) -> None:
    write_page_files(PAGE, tmp_path)
    client = OpenAI(base_url=f"{llama_cpp}/v1", api_key="none")
    with wrap(client, tmp_path / "policies", backend="llama_cpp") as wrapped:
        enforced = complete(wrapped, MESSAGES, stream=stream, **SENT)
    assert enforced == complete(direct, FOLDED, **RECEIVED)


def test_the_decision_reports_what_llama_cpp_does_not_get(proxy: Proxy, proxied: OpenAI) -> None:
    raw = proxied.chat.completions.with_raw_response.create(
        model="on-llama-cpp", messages=[{"role": "user", "content": "Hi"}], temperature=1.5, max_tokens=1
    )
    changed = raw.headers["x-prompt-policy-changed"]
    assert "temperature=1.5>0.2" in changed
    assert "top_k=unset>20" in changed
    assert "min_tokens" not in changed
    assert '"reason":"not known to the backend llama_cpp: min_tokens"' in proxy.log


@WHOLE_AND_STREAMED
def test_doctor_reports_that_the_policy_acts(proxy: Proxy, stream: bool) -> None:
    found = examine_server(DoctorOptions(proxy.url, model="on-llama-cpp", key=KEY, stream=stream, timeout_s=120))
    assert (found.verdict.name, found.verdict.exit_code) == ("acts", 0), found


def test_ollama_gets_the_changed_request(proxied: OpenAI, ollama: FakeBackend) -> None:
    assert complete(proxied, MESSAGES, model="on-ollama", **SENT) == "Fine."
    body = ollama.last()
    assert [message["content"] for message in body["messages"]] == [FOLDED[0]["content"]]
    assert body["options"] == {**{key: RECEIVED[key] for key in RECEIVED if key != "max_tokens"}, "num_predict": 12}


@pytest.mark.parametrize("key", [{"top_k": 1}, {"min_p": 1.0}], ids=["top_k", "min_p"])
def test_llama_cpp_reads_the_parameter(direct: OpenAI, key: dict[str, Any]) -> None:
    question = [{"role": "user", "content": QUESTION}]
    greedy = complete(direct, question, temperature=0, max_tokens=8)
    assert complete(direct, question, temperature=1.5, seed=3, max_tokens=8, **key) == greedy


def test_llama_cpp_reads_ignore_eos(direct: OpenAI) -> None:
    keys: dict[str, Any] = {"model": MODEL_NAME, "temperature": 0, "max_tokens": 24}
    question: Any = [{"role": "user", "content": "Say only the word yes."}]
    ended = direct.chat.completions.create(messages=question, **keys)
    continued = direct.chat.completions.create(messages=question, extra_body={"ignore_eos": True}, **keys)
    assert [answer.choices[0].finish_reason for answer in (ended, continued)] == ["stop", "length"]
