"""The reference page of backends, from ``backends.yaml``."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_text import list_item, wrap

from prompt_policy.wire.backends import BackendSpec, list_providers, load_backends, load_vllm_parameters

_INTRODUCTION = (
    "A backend is the server behind a host: an engine, or the API of a provider. Rules send a backend only what it is "
    "known to read. What it is not known to read is skipped, and the decision in the log contains the reason, such as "
    "`not known to the backend groq: top_k`. `prompt-policy explain --backend NAME` shows the same.\n"
)
_SKIPPED = (
    ("a prefill of [`force_opening`](kinds.md#force_opening)", "the backend continues a last assistant message"),
    ("a parameter that [`clamp`](kinds.md#clamp) sets or renames", "the backend reads it; other parameters of the "
     "rule are set"),
    ("a switch, an effort or a budget of [`thinking`](kinds.md#thinking)", "the backend reads its parameter; without "
     "it, the client's spelling stays"),
)  # fmt: skip
_HOSTS = (
    "LiteLLM: the provider of the deployment, such as `groq/`. `model_info: {prompt_policy_backend: NAME}` overrides "
    "it. What LiteLLM itself drops for a provider is skipped in any case. An unknown name stops the start; the "
    "requests of a deployment that is added later with one are rejected.",
    "LiteLLM's provider `openai/`, and a name without a provider: vLLM if the deployment has an `api_base` of its own, "
    "or if `OPENAI_BASE_URL` or `OPENAI_API_BASE` is set; else OpenAI's API. With `custom_openai/`, LiteLLM 1.98 fails "
    "for every parameter beyond OpenAI's; use `hosted_vllm/`.",
    "Clients: `wrap(client, backend=NAME)`, `policy_http_client(backend=NAME)`, or the variable "
    "`PROMPT_POLICY_BACKEND`; default `vllm`.",
    "The ASGI middleware: `PolicyMiddleware(app, backend=NAME)`, or the variable; default `vllm`. The plugin for "
    "[SGLang](../how-to/sglang.md): `sglang`.",
    "Test cases: `backend: NAME`; default `vllm`.",
)


def backends_page() -> Iterator[str]:
    """Yield the page: what is skipped, how a host finds its backend, and the table."""
    yield "# Backends\n"
    yield wrap(_INTRODUCTION)
    yield wrap(
        "Only what rules add is skipped. Bounds and removals apply to what the client sent, on every backend. "
        "Parameters of OpenAI's API, and those that are not vLLM's, are always sent.\n"
    )
    yield "| rules send | if |"
    yield "|---|---|"
    yield from (f"| {what} | {need} |" for what, need in _SKIPPED)
    yield "\n## How a host finds its backend\n"
    yield from map(list_item, _HOSTS)
    yield "\n## Engines and providers\n"
    yield wrap(
        "*Prefill*: the backend continues a last assistant message with `continue_final_message` and "
        "`add_generation_prompt`. *Parameters*: which of [vLLM's parameters](#vllms-parameters) it reads.\n"
    )
    yield "| backend | prefill | parameters | `chat_template_kwargs` | LiteLLM drops | source |"
    yield "|---|---|---|---|---|---|"
    for backend in load_backends().values():
        if backend.source is not None:
            yield _build_row(backend)
    yield "\n## Other providers\n"
    yield wrap(
        "Nothing beyond OpenAI's parameters is known of these providers of LiteLLM. The same applies to a provider "
        "that is not listed. State the backend in `model_info` if yours reads more.\n"
    )
    others = [name for name in sorted(list_providers()) if load_backends()[name].source is None]
    yield wrap(", ".join(f"`{name}`" for name in others) + ".\n")
    yield "## vLLM's parameters\n"
    yield wrap("vLLM reads these parameters beyond those of OpenAI's API:\n")
    yield wrap(", ".join(f"`{name}`" for name in sorted(load_vllm_parameters())) + ".")


def _build_row(backend: BackendSpec) -> str:
    parameters = "all" if backend.parameters == "all" else _list_names(backend.parameters)
    dropped = "all others" if backend.dropped == "others" else _list_names(backend.dropped)
    source = backend.source or ""
    cells = [
        f"`{backend.name}`",
        _say(backend.prefill),
        parameters or "none",
        _say(backend.chat_template_kwargs),
        dropped,
        f"[link]({source})" if source.startswith("https://") else f"`{source}`",
    ]
    return f"| {' | '.join(cells)} |"


def _list_names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _say(holds: bool) -> str:
    return "yes" if holds else "no"
