"""A proxy as an operator sets it up: several bindings, and callbacks and guardrails of the operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.fake_backend import FakeBackend

SERVED = "acme-7b"
POLICIES = {
    "steady": "rules: [{name: cool, kind: clamp, parameters: {temperature: {value: 0.25}}},\n"
    "  {name: fold, kind: fold_system}, {name: tidy, kind: filter_whitespace}]\n",
    "edited": "rules: [{name: cool, kind: clamp, parameters: {temperature: {value: 0.5}}}]\n",
    "removed": "rules: [{name: cool, kind: clamp, parameters: {temperature: {value: 0.75}}}]\n",
    "strict": "rules: [{name: stop, kind: reject, message: Say who you are.}]\n",
}
CALLBACKS = '''
import json
from pathlib import Path

from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger

FILE = Path(__file__).with_name("seen.jsonl")


def record(step, text):
    with FILE.open("a") as file:
        file.write(json.dumps({"step": step, "text": text}) + "\\n")


def read_prompt(data):
    return json.dumps(data.get("messages"))


class Logger(CustomLogger):
    async def async_pre_call_deployment_hook(self, kwargs, call_type):
        record("logger deployment", read_prompt(kwargs))

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        record("logger messages", json.dumps(kwargs["messages"]))
        record("logger temperature", json.dumps(kwargs["optional_params"].get("temperature")))
        record("logger answer", response_obj.choices[0].message.content)


class Admin(CustomLogger):
    """Changes the router's deployments as LiteLLM does for /model/new, /model/delete and the database."""

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        from litellm.proxy.proxy_server import llm_router
        from litellm.types.router import Deployment

        for row in (data.get("metadata") or {}).get("add", ()):
            llm_router.upsert_deployment(Deployment(**row))
        for name in (data.get("metadata") or {}).get("remove", ()):
            llm_router.delete_deployment(id=name)


class Guardrail(CustomGuardrail):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        if not self.should_run_guardrail(data=data, event_type=_event("pre_call")):
            return None
        record("guardrail pre_call", read_prompt(data))
        turns = [{**turn, "content": turn["content"].replace("4711", "[number]")} for turn in data["messages"]]
        return {**data, "messages": [{"role": "system", "content": "Be kind."}, *turns]}

    async def async_moderation_hook(self, data, user_api_key_dict, call_type):
        if self.should_run_guardrail(data=data, event_type=_event("during_call")):
            record("guardrail during_call", read_prompt(data))

    async def async_post_call_success_hook(self, data, user_api_key_dict, response):
        if self.should_run_guardrail(data=data, event_type=_event("post_call")):
            record("guardrail post_call", response.choices[0].message.content)

    async def async_post_call_streaming_iterator_hook(self, user_api_key_dict, response, request_data):
        async for chunk in response:
            if self.should_run_guardrail(data=request_data, event_type=_event("post_call")):
                text = chunk.choices[0].delta.content
                if text:
                    record("guardrail chunk", text)
                    chunk.choices[0].delta.content = text.upper()
            yield chunk


def _event(name):
    from litellm.types.guardrails import GuardrailEventHooks

    return GuardrailEventHooks[name]


logger, admin = Logger(), Admin()
'''
MODES = ("pre_call", "during_call", "post_call")


def build_row(backend: FakeBackend, alias: str, model: str = SERVED, **model_info: Any) -> dict[str, Any]:
    """Return an entry of LiteLLM's model_list, with an id of its own."""
    parameters = {"model": f"hosted_vllm/{model}", "api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model_name": alias, "litellm_params": parameters, "model_info": {"id": alias, **model_info}}


def build_config(backend: FakeBackend, **settings: Any) -> dict[str, Any]:
    """Return the configuration of the proxy; ``settings`` are added to those of the callback."""
    return {
        "model_list": [
            build_row(backend, "enforced", prompt_policy="steady"),
            build_row(backend, "by-name"),
            build_row(backend, "exempt", prompt_policy="none"),
            build_row(backend, "exempt-by-false", prompt_policy=False),
            build_row(backend, "edited", "other-7b", prompt_policy="edited"),
            build_row(backend, "removed", "other-7b", prompt_policy="removed"),
            build_row(backend, "misbound", "other-7b", prompt_policy="gone"),
            build_row(backend, "strict", "strict-7b", prompt_policy="strict"),
            build_row(backend, "vectors", "other-vectors", mode="embedding"),
            build_row(backend, "failing", "failing-7b", prompt_policy="steady"),
        ],
        "litellm_settings": {
            "callbacks": ["prompt_policy.litellm.callback", "own_callbacks.logger", "own_callbacks.admin"],
            "num_retries": 0,
        },
        "guardrails": [
            {
                "guardrail_name": mode,
                "litellm_params": {"guardrail": "own_callbacks.Guardrail", "mode": mode, "default_on": False},
            }
            for mode in MODES
        ],
        "router_settings": {"allowed_fails": 1000},
        "callback_settings": {"prompt_policy": {"path": "policies", **settings}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


def write_setup(folder: Path) -> None:
    """Write the policies and the operator's own callbacks."""
    (folder / "own_callbacks.py").write_text(CALLBACKS)
    (folder / "policies").mkdir()
    for name in POLICIES:
        write_policy(folder, name)


def write_policy(folder: Path, name: str, rules: str = "") -> Path:
    """Write a policy, with other rules if there are any, and return its file."""
    file = folder / "policies" / f"{name}.yaml"
    applies_to = f"applies_to: {{models: ['{SERVED}']}}\n" if name == "steady" else ""
    file.write_text(f"version: 1\nname: {name}\n{applies_to}{rules or POLICIES[name]}")
    return file
