"""What runs: a compiled policy, applied to a request and then to its answer."""

from prompt_policy.runtime.pipeline import Applied, Pipeline
from prompt_policy.runtime.texts import AnswerTexts

__all__ = ["AnswerTexts", "Applied", "Pipeline"]
