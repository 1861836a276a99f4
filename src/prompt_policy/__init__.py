"""One YAML file says how a model wants to be prompted; hooks enforce it wherever the model is called."""

from prompt_policy.conditions.situation import Facts
from prompt_policy.decision import Decision
from prompt_policy.errors import Fault, LoadError, PromptPolicyError, Refusal, UsageError
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load, load_paths
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime import Applied, Pipeline

__all__ = [
    "Applied",
    "Decision",
    "Facts",
    "Fault",
    "LoadError",
    "Pipeline",
    "Policy",
    "PolicySet",
    "PromptPolicyError",
    "Refusal",
    "UsageError",
    "load",
    "load_paths",
]
