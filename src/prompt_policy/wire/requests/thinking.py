"""Every spelling of the thinking switch, the effort and the budget in a request, with the servers that read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from prompt_policy.wire.values import Json, JsonObject

SpellingPath = tuple[str, ...]
Aspect = Literal["switch", "effort", "budget"]

SWITCHES: Final[tuple[SpellingPath, ...]] = (
    # Chat templates, through vLLM, SGLang, llama.cpp, LMDeploy, NIM: Qwen3 and later, GLM-4.5 and later, Nemotron 3,
    # EXAONE 4, Hunyuan, SmolLM3, Gemma 4.
    ("chat_template_kwargs", "enable_thinking"),
    # DeepSeek-V3.1 and later, Kimi K2.5, Granite 3.2 and 3.3.
    ("chat_template_kwargs", "thinking"),
    # MiniMax M3 and ERNIE-4.5-VL: enabled, disabled or adaptive.
    ("chat_template_kwargs", "thinking_mode"),
    # Alibaba Model Studio and SiliconFlow.
    ("enable_thinking",),
    # Ollama, which also reads an effort here.
    ("think",),
    # Anthropic's Messages and vLLM's /v1/messages; DeepSeek, Z.ai, Moonshot and Volcengine on chat. LiteLLM reads it on
    # chat, and sends an effort to hosted_vllm.
    ("thinking", "type"),
    # Clients that write the template's name at top level.
    ("thinking",),
    # OpenRouter.
    ("reasoning", "enabled"),
)
EFFORTS: Final[tuple[SpellingPath, ...]] = (
    # Chat templates: gpt-oss, Qwen3.8, GLM-5.3, DeepSeek-V4, Seed-OSS. It overrides the parameter of the request.
    ("chat_template_kwargs", "reasoning_effort"),
    # OpenAI's Chat Completions; vLLM, which sets ``enable_thinking`` to false for ``none``; SGLang, LiteLLM.
    ("reasoning_effort",),
    # OpenAI's Responses, vLLM's /v1/responses, OpenRouter on chat.
    ("reasoning", "effort"),
    # Anthropic's Messages, and vLLM's /v1/messages.
    ("output_config", "effort"),
    # Ollama.
    ("think",),
)
BUDGETS: Final[tuple[SpellingPath, ...]] = (
    # vLLM, on chat and completions; it requires a reasoning parser.
    ("thinking_token_budget",),
    # Anthropic's Messages, and vLLM's /v1/messages.
    ("thinking", "budget_tokens"),
    # Seed-OSS.
    ("chat_template_kwargs", "thinking_budget"),
    # Alibaba Model Studio and SiliconFlow.
    ("thinking_budget",),
    # OpenRouter.
    ("reasoning", "max_tokens"),
    # llama.cpp; NIM with Nemotron.
    ("thinking_budget_tokens",),
    ("reasoning_budget",),
)
EFFORT_LEVELS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The levels of effort in ascending order. ``none`` disables thinking."""
CONTAINERS: Final = ("extra_body", "nvext")
"""Objects whose parameters a server reads: LiteLLM merges ``extra_body``; NIM and Dynamo read ``nvext``."""
THINKING_PARAMETERS: Final = frozenset(path[0] for path in (*SWITCHES, *EFFORTS, *BUDGETS))
"""The top-level names of all spellings."""
_ON: Final = ("enabled", "adaptive", "auto")
_OFF: Final = "disabled"
_ENABLING_BUDGET: Final = ("reasoning", "max_tokens")  # OpenRouter enables thinking if it is set
_SOFT_SWITCH: Final = re.compile(r"(?<!\S)/(no_)?think(?![^\s.,;:!?)])")


class Spelling(NamedTuple):
    """A parameter of a request that is about thinking; its path includes containers."""

    aspect: Aspect
    path: SpellingPath


class ThinkingSettings(NamedTuple):
    """What a request sets about thinking; None: nothing.

    Attributes:
        enabled: whether it switches thinking on or off. An effort also switches it on, and ``none`` or a budget of 0
            switches it off. If spellings disagree, thinking is off.
        effort: the effort, as the first spelling in the order of ``EFFORTS`` sets it; never ``none``.
        budget: the greatest number of reasoning tokens, above 0.
        spellings: the parameters that set it.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget: int | float | None = None
    spellings: tuple[Spelling, ...] = ()


class ThinkingSupport(NamedTuple):
    """What a policy or a host knows about the model.

    Attributes:
        default: whether the model thinks if a request sets nothing; None: unknown, which counts as yes.
        can_disable: whether thinking can be switched off.
        has_soft_switches: whether the model reads ``/think`` and ``/no_think`` in user and system texts.
    """

    default: bool | None = None
    can_disable: bool = True
    has_soft_switches: bool = False


DEFAULT_SUPPORT: Final = ThinkingSupport()


def read_thinking(body: JsonObject) -> ThinkingSettings:
    """Return what a request sets about thinking, in every spelling."""
    votes: list[bool] = []
    efforts: list[str] = []
    budgets: list[int | float] = []
    spellings: list[Spelling] = []
    for prefix, parameters in iterate_parameters(body):
        if THINKING_PARAMETERS.isdisjoint(parameters):
            continue
        for aspect, path, value in _find_spellings(parameters):
            vote = read_switch(value) if aspect == "switch" else None
            if aspect == "effort" and _is_effort(path, value):
                vote = value != "none"
                efforts += [value] if vote else []
            elif aspect == "budget" and _is_number(value) and value >= 0:
                vote = False if value == 0 else True if path == _ENABLING_BUDGET else None
                budgets += [value] if value else []
            elif vote is None:
                continue
            spellings.append(Spelling(aspect, (*prefix, *path)))
            votes += [] if vote is None else [vote]
    enabled = all(votes) if votes else None
    return ThinkingSettings(enabled, next(iter(efforts), None), next(iter(budgets), None), tuple(spellings))


def is_thinking(body: JsonObject, support: ThinkingSupport, texts: Iterable[str] = ()) -> bool:
    """Return whether the model thinks on a request.

    Arguments:
        body: the request.
        support: what is known about the model.
        texts: the user and system texts in their order. The last soft switch in them decides, unless a parameter or
            the default disables thinking.
    """
    if not support.can_disable:
        return True
    enabled = read_thinking(body).enabled
    enabled = support.default if enabled is None else enabled
    if enabled is not False and support.has_soft_switches:
        found = [match for text in texts for match in _SOFT_SWITCH.finditer(text)]
        return not found[-1].group(1) if found else True
    return enabled is not False


def read_switch(value: Json) -> bool | None:
    """Return whether a value switches thinking on or off; None: neither."""
    if isinstance(value, bool):
        return value
    return False if value == _OFF else True if isinstance(value, str) and value in _ON else None


def read_switch_text(value: Json) -> bool | None:
    """Return whether a host's setting is on or off; None: not set. YAML 1.1 reads both words as booleans."""
    return {"on": True, "off": False}.get(value) if isinstance(value, str) else read_switch(value)


def iterate_parameters(body: JsonObject) -> Iterator[tuple[SpellingPath, JsonObject]]:
    """Yield the body, and the objects in it whose parameters a server reads as the body's, each with its path."""
    yield (), body
    for name in CONTAINERS:
        nested = body.get(name)
        if isinstance(nested, dict):
            yield (name,), nested
            if name == "extra_body" and isinstance(inner := nested.get("nvext"), dict):
                yield (name, "nvext"), inner


def _find_spellings(parameters: JsonObject) -> Iterator[tuple[Aspect, SpellingPath, Json]]:
    known: tuple[tuple[Aspect, tuple[SpellingPath, ...]], ...] = (
        ("switch", SWITCHES), ("effort", EFFORTS), ("budget", BUDGETS)
    )  # fmt: skip
    for aspect, paths in known:
        for path in paths:
            value: Json = parameters.get(path[0])
            if len(path) > 1:
                value = value.get(path[1]) if isinstance(value, dict) else None
            if value is not None:
                yield aspect, path, value


def _is_effort(path: SpellingPath, value: Json) -> bool:
    return isinstance(value, str) and (path != ("think",) or value in EFFORT_LEVELS)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
