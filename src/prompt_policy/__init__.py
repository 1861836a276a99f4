"""Enforces the advice on prompting a model, written as a YAML policy, wherever the model is called.

This module is the public API of the core: load a policy, compile it, and apply it to requests. The package, from the
lowest layer to the highest:

- ``errors``: the exceptions, and problems with their places in files.
- ``yaml_model``: the base of everything that is read from YAML.
- ``net``, ``console``: small helpers for HTTP and for the terminal.
- ``wire``: what the bytes mean; requests and answers of all APIs, server-sent events, JSON.
- ``conditions``: when a rule applies; the ``when:`` of a rule, and the classifier of tasks.
- ``kinds``: what a rule does; one module per kind.
- ``policy``: the file; its model, loader, inheritance, linter, and selection by model name.
- ``runtime``: what runs; compiled policies, decisions, exchanges of bytes, hot reload, telemetry.
- ``litellm``, ``httpx``, ``openai``, ``asgi``, ``client``: the hosts.
- ``testing``: runs the test cases of policies.
- ``authoring``: tools for writing policies, such as explain, diff and draft.
- ``probe``: finds out how a server treats prompts.
- ``launcher``: starts and supervises vLLM.
- ``proxy``: starts a LiteLLM proxy that enforces policies.
- ``bench``: compares a model with and without its policy.
- ``cli``: the command line, one module per command.
"""

from prompt_policy.conditions.context import RequestContext
from prompt_policy.errors import InternalError, LoadError, PromptPolicyError, Refusal, UsageError
from prompt_policy.policy.loader import load, load_paths
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.runtime.decision import Decision

__all__ = [
    "AppliedPolicy",
    "Decision",
    "Facts",
    "InternalError",
    "LoadError",
    "Pipeline",
    "Policy",
    "PolicySet",
    "PromptPolicyError",
    "Refusal",
    "RequestContext",
    "UsageError",
    "load",
    "load_paths",
]
