"""The echo server over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from openai import OpenAI

from prompt_policy.launcher.machine.ports import bind
from prompt_policy.net import LOOPBACK
from prompt_policy.proxy.echo.answer import DEFAULT_MODELS
from tests.support.servers import Serve

MODEL = "any/model"


def _client(root: str, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{root}/v1", api_key=key, max_retries=0)


def _send(request: urllib.request.Request) -> tuple[int, dict[str, dict[str, str]]]:
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_openais_client_reads_the_same_whole_and_streamed(serve: Serve) -> None:
    with _client(serve()) as client:
        whole = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
        streamed = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)

    assert whole.choices[0].message.content is not None
    assert text.replace(',\n  "stream": true', "") == whole.choices[0].message.content


def test_openais_client_reads_a_text_completion(serve: Serve) -> None:
    with _client(serve()) as client:
        whole = client.completions.create(model=MODEL, prompt="Hi")

    assert whole.choices[0].text.startswith("The model received:")
    assert '"prompt": "Hi"' in whole.choices[0].text


def test_parsed_reasoning_is_in_its_own_field(serve: Serve) -> None:
    with _client(serve(reasoning_parser=True)) as client:
        whole = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])

    assert (whole.choices[0].message.model_extra or {})["reasoning"] == "\n\n"


@pytest.mark.parametrize(("options", "models"), [({}, list(DEFAULT_MODELS)), ({"models": ["a", "b"]}, ["a", "b"])])
def test_models_are_listed(serve: Serve, options: dict[str, list[str]], models: list[str]) -> None:
    with _client(serve(**options)) as client:
        assert [model.id for model in client.models.list()] == models


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"", b"[" * 100_000])
def test_a_body_without_a_json_object_is_rejected(serve: Serve, body: bytes) -> None:
    status, answer = _send(urllib.request.Request(f"{serve()}/v1/chat/completions", body))

    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("stream", [b"true", b"false"])
def test_lone_surrogates_are_echoed(serve: Serve, stream: bytes) -> None:
    url = f"{serve()}/v1/completions"

    with urllib.request.urlopen(urllib.request.Request(url, rb'{"prompt": "\ud83d", "stream": %b}' % stream)) as answer:
        assert answer.status == 200
        assert rb"\ud83d" in answer.read().replace(b'"}]}\n\ndata: ', b"")


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("wrong", 401), ("", 401)])
def test_a_configured_key_is_required(serve: Serve, key: str, status: int) -> None:
    request = urllib.request.Request(f"{serve(api_key='right')}/v1/models", headers={"Authorization": f"Bearer {key}"})

    assert _send(request)[0] == status


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with bind(LOOPBACK, 0) as listener:
        port = str(listener.getsockname()[1])
        command = [sys.executable, "-m", "prompt_policy.proxy.echo", "--port", port]
        result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"port {port} on 127.0.0.1 is in use; stop the process that listens there, or choose another with --port"
    ]
