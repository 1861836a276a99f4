"""One request on its way through, without I/O."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from prompt_policy import PolicySet
from prompt_policy.httpx.crossing import Crossing, may_be_policed
from prompt_policy.httpx.family import installed_family
from prompt_policy.runtime.policing import Policing
from tests.support import chat, policy_of

module = importlib.import_module(installed_family())
URL = "http://127.0.0.1:9/v1/chat/completions"
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
TIDY = {"kind": "filter_whitespace"}
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=x"}


def request(body: Any, **headers: str) -> Any:
    return module.Request("POST", URL, json=body, headers=headers, extensions={"timeout": {"read": 3}})


def crossing(asked: Any, *rules: dict[str, Any]) -> Crossing | None:
    policing = Policing(PolicySet([policy_of(*rules, applies_to={"models": ["m"]})]))
    return Crossing.of(module, asked, policing, parser=False)


@pytest.mark.parametrize(
    ("method", "path", "policed"),
    [("POST", "/v1/chat/completions", True), ("GET", "/v1/chat/completions", False), ("POST", "/v1/files", False)],
)
def test_only_a_post_that_asks_for_text_is_looked_at(method: str, path: str, policed: bool) -> None:
    assert may_be_policed(module.Request(method, f"http://127.0.0.1:9{path}")) is policed


def test_a_changed_request_keeps_everything_else() -> None:
    asked = request(chat("Hi", model="m", temperature=1.25), **{"x-mine": "1"})
    through = crossing(asked, CLAMP)
    assert through is not None

    sent = through.sent()

    assert json.loads(sent.content)["temperature"] == 0.7
    assert int(sent.headers["content-length"]) == len(sent.content)
    assert (sent.headers["x-mine"], sent.extensions) == ("1", asked.extensions)


def test_a_request_that_no_rule_changes_is_the_very_object() -> None:
    asked = request(chat("Hi", model="m"))
    through = crossing(asked, CLAMP)

    assert through is not None
    assert through.sent() is asked
    assert through.refused() is None


def test_a_model_without_a_policy_has_no_crossing() -> None:
    assert crossing(request(chat("Hi", model="other")), CLAMP) is None


def test_an_answer_that_will_be_read_is_asked_for_uncompressed() -> None:
    through = crossing(request(chat("Hi", model="m"), **{"accept-encoding": "gzip"}), TIDY)

    assert through is not None
    assert through.sent().headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("temperature", "refused"), [(1.25, True), (0.5, False)])
def test_a_signed_request_that_would_change_is_refused(temperature: float, refused: bool) -> None:
    through = crossing(request(chat("Hi", model="m", temperature=temperature), **SIGNED), CLAMP)
    assert through is not None

    response = through.refused()

    assert (response is not None and response.status_code == 400) is refused
