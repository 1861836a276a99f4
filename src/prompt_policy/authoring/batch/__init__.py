"""Requests and answers in bulk: ``prompt-policy apply``, and the same functions for Ray Data and offline vLLM."""

from prompt_policy.authoring.batch.columns import AnswerColumn, RequestColumn
from prompt_policy.authoring.batch.offline import OfflineAnswer, chat_offline
from prompt_policy.authoring.batch.rewriter import BatchContext, LineRewriter, create_rewriter

__all__ = [
    "AnswerColumn",
    "BatchContext",
    "LineRewriter",
    "OfflineAnswer",
    "RequestColumn",
    "chat_offline",
    "create_rewriter",
]
