"""Collect the keywords that the installed LiteLLM reads from a request after its deployment hook.

LiteLLM has no list of them, so its source is the source: the parameters of the functions behind the hook, LiteLLM's own
lists of its parameters, and every constant name that code on the way to a backend reads from a request's arguments.
``python -m tests.support.litellm_keywords`` prints the ones that ``blocked_overrides/keywords.yaml`` does not know.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ENTRY_POINTS: Final = frozenset(
    {"acompletion", "completion", "atext_completion", "text_completion", "aresponses", "responses"}
    | {"anthropic_messages", "anthropic_messages_handler", "get_litellm_params", "get_optional_params"}
)
"""The functions whose parameters are keywords of a request."""
_ENTRY_FILES: Final = (
    "main.py", "utils.py", "responses/main.py", "messages/", "litellm_core_utils/get_litellm_params.py",
    "llms/anthropic/",
)  # fmt: skip
_LISTS: Final = frozenset({"GenericLiteLLMParams", "LiteLLMParamsTypedDict", "CredentialLiteLLMParams"})
_ARGUMENTS: Final = frozenset(
    {"kwargs", "litellm_params", "non_default_params", "special_params", "request_kwargs", "local_vars", "new_kwargs"}
    | {"optional_params", "passed_params", "litellm_params_dict", "inference_params", "completion_kwargs"}
    | {"extra_kwargs", "optional_params_dict", "request_params", "completion_request", "request_data"}
)
"""The names under which LiteLLM's code passes a request's arguments on."""
_READ_FILES: Final = (
    "main.py", "utils.py", "responses/", "messages/", "litellm_core_utils/", "completion_extras/", "caching/", "llms/",
    "integrations/anthropic_cache_control_hook.py", "integrations/vector_store_integrations/",
    "integrations/dotprompt/", "integrations/custom_prompt_management.py", "integrations/prompt_management_base.py",
    "chat_completions/",
)  # fmt: skip
_OTHER_ENDPOINTS: Final = frozenset(
    {"agents", "assistants", "audio_speech", "audio_transcription", "batches", "containers", "count_tokens", "embed"}
    | {"embedding", "embeddings", "evals", "files", "fine_tuning", "guardrail_translation", "image_edit", "image_edits"}
    | {"image_generation", "image_variations", "interactions", "multimodal_embeddings", "ocr", "passthrough", "rag"}
    | {"realtime", "rerank", "sandbox", "search", "skills", "text_to_speech", "vector_store_files", "vector_stores"}
    | {"videos", "vertex_embeddings", "speech", "google_genai", "mcp", "cost_calculator.py", "authenticator.py"}
)


def find_litellm() -> Path:
    """Return the folder of the installed LiteLLM, without importing it."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        raise RuntimeError("LiteLLM is not installed; install the extra 'litellm'")
    return Path(spec.origin).parent


def collect_keywords(package: Path) -> Mapping[str, frozenset[str]]:
    """Return each keyword of a release with the files that read it, as paths below the package."""
    from litellm.types.utils import all_litellm_params

    found: dict[str, set[str]] = defaultdict(set)
    for name in all_litellm_params:
        found[name].add("types/utils.py")
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        for name in _list_names(inside.as_posix(), path):
            found[name].add(inside.as_posix())
    return {name: frozenset(files) for name, files in found.items()}


def _list_names(inside: str, path: Path) -> Iterator[str]:
    is_read = inside.startswith(_READ_FILES) and not _OTHER_ENDPOINTS & set(inside.split("/"))
    if not is_read and inside != "types/router.py":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if inside == "types/router.py":
            yield from _list_fields(node)
            continue
        if inside.startswith(_ENTRY_FILES) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _list_parameters(node)
        if (name := _read_name(node)) is not None:
            yield name


def _list_fields(node: ast.AST) -> Iterator[str]:
    """Yield the fields of the models of a deployment's parameters."""
    if isinstance(node, ast.ClassDef) and node.name in _LISTS:
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id


def _list_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    if node.name in ENTRY_POINTS:
        yield from (argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))


def _read_name(node: ast.AST) -> str | None:
    """Return the constant name that an expression reads from a request's arguments."""
    name: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in ("get", "pop", "setdefault") and _is_arguments(node.func.value):
            name = node.args[0]
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_arguments(node.value):
        name = node.slice
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        name = node.left if _is_arguments(node.comparators[0]) else None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _is_arguments(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id in _ARGUMENTS) or (
        isinstance(node, ast.Attribute) and node.attr in _ARGUMENTS
    )


def main() -> None:
    """Print the keywords that the data does not know, with the files that read them."""
    from prompt_policy.litellm.blocked_overrides.keywords import find_keyword

    for name, readers in sorted(collect_keywords(find_litellm()).items()):
        if find_keyword(name) is None:
            print(f"{name}: {', '.join(sorted(readers))}")  # noqa: T201 - it is what the program is for


if __name__ == "__main__":
    main()
