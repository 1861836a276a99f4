"""What runs: a compiled policy, applied to a request and then to its answer."""

from prompt_policy.runtime.filter_chain import AnswerFilters
from prompt_policy.runtime.pipeline import AppliedPolicy, Pipeline

__all__ = ["AnswerFilters", "AppliedPolicy", "Pipeline"]
