"""Policies for vLLM's offline ``LLM.chat``: the same requests and answers as through vLLM's server.

``LLM.chat`` takes messages, sampling parameters and options of the template apart. vLLM's own request class translates
a body into sampling parameters, so that each parameter has the same effect as on the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeAlias

from prompt_policy.authoring.batch.rewriter import LineRewriter
from prompt_policy.errors import Refusal, UsageError
from prompt_policy.runtime.pipeline import AppliedPolicy
from prompt_policy.runtime.response_rewriter import rewrite_answer
from prompt_policy.wire import JsonObject
from prompt_policy.wire.codec import dump_json

REQUEST_CLASS: Final = ("vllm.entrypoints.openai.chat_completion.protocol", "ChatCompletionRequest")
_OPTIONS: Final = ("add_generation_prompt", "continue_final_message", "chat_template", "tools", "mm_processor_kwargs")
_TEMPLATE_KEYS: Final = ("reasoning_effort", "documents")
"""Parameters that vLLM's server passes to the template."""
ParseRequest: TypeAlias = Callable[..., Any]


class OfflineAnswer(NamedTuple):
    """The answer to one body.

    Attributes:
        messages: the message of each choice, with its texts filtered.
        output: vLLM's ``RequestOutput``, unchanged; None: the request was refused.
        refusal: the reason for which a policy refuses the request; None: it was sent.
    """

    messages: Sequence[JsonObject] = ()
    output: Any = None
    refusal: Refusal | None = None


def chat_offline(
    llm: Any,  # noqa: ANN401 - vLLM's LLM, which is not installed here
    rewriter: LineRewriter,
    bodies: Iterable[JsonObject],
    parse_request: ParseRequest | None = None,
) -> list[OfflineAnswer]:
    """Return the answers of an offline vLLM to chat bodies, in their order, with the policies applied to both.

    Bodies with the same options of the template are sent in one call of ``LLM.chat``.

    Arguments:
        llm: vLLM's ``LLM``.
        rewriter: the policies; see ``create_rewriter``.
        bodies: the bodies, as for vLLM's ``/v1/chat/completions``.
        parse_request: vLLM's ``ChatCompletionRequest``; None: it is imported.

    Raise UsageError if this vLLM has no such class at its usual place.
    """
    parse = parse_request or load_request_class()
    given = list(bodies)
    applied = [rewriter.apply_policy(body, "chat") for body in given]
    sent = [body if result is None else result.body for body, result in zip(given, applied, strict=True)]
    accepted = [number for number, result in enumerate(applied) if result is None or result.refusal is None]
    outputs = _chat_in_groups(llm, {number: sent[number] for number in accepted}, parse)
    return [_build_answer(result, outputs.get(number)) for number, result in enumerate(applied)]


def load_request_class() -> ParseRequest:
    """Return vLLM's class for chat requests. Raise UsageError if it is not at its usual place."""
    module, name = REQUEST_CLASS
    try:
        found: ParseRequest = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise UsageError(f"vLLM has no {module}.{name}; install vLLM, or pass its class as parse_request") from None
    return found


def build_options(body: JsonObject) -> JsonObject:
    """Return the keyword arguments of ``LLM.chat`` that the whole call shares."""
    options = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
    template = {name: body[name] for name in _TEMPLATE_KEYS if body.get(name) is not None}
    known = {**template, **(body.get("chat_template_kwargs") or {})}
    return {**options, "chat_template_kwargs": known} if known else options


def _chat_in_groups(llm: Any, bodies: dict[int, JsonObject], parse: ParseRequest) -> dict[int, Any]:  # noqa: ANN401
    """Return the outputs by the numbers of the bodies."""
    groups: dict[bytes, list[int]] = {}
    for number, body in bodies.items():
        groups.setdefault(dump_json(build_options(body)), []).append(number)
    defaults = llm.model_config.get_diff_sampling_param()
    outputs: dict[int, Any] = {}
    for numbers in groups.values():
        found = llm.chat(
            [bodies[number]["messages"] for number in numbers],
            [_build_parameters(parse(**bodies[number]), defaults) for number in numbers],
            use_tqdm=False,
            **build_options(bodies[numbers[0]]),
        )
        outputs.update(zip(numbers, found, strict=True))
    return outputs


def _build_parameters(request: Any, defaults: JsonObject) -> Any:  # noqa: ANN401 - objects of vLLM
    limit = request.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens
    return request.to_sampling_params(defaults.get("max_tokens") if limit is None else limit, defaults)


def _build_answer(applied: AppliedPolicy | None, output: Any) -> OfflineAnswer:  # noqa: ANN401 - an object of vLLM
    if output is None:
        return OfflineAnswer(refusal=applied.refusal if applied else None)
    choices = [
        {"index": choice.index, "message": {"role": "assistant", "content": choice.text},
         "finish_reason": choice.finish_reason}
        for choice in output.outputs
    ]  # fmt: skip
    filters = applied.create_filters() if applied else None
    answer: JsonObject = {"choices": choices}
    if filters is not None:
        try:
            answer = rewrite_answer(answer, filters, "chat")
        except Refusal as fault:
            return OfflineAnswer(output=output, refusal=fault)
    return OfflineAnswer([choice["message"] for choice in answer["choices"]], output)
