"""The pipeline itself: objects in, objects out, and the filters of the answer's texts."""

from __future__ import annotations

from typing import Any

from tests.properties.differential.adapters import build_facts, can_reject, member
from tests.properties.differential.case import Case
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import Result, parse, raised, refusal, shown, written


class PipelineHost:
    """Applies a pipeline to a request, and its filters to texts."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def run(self, case: Case) -> Result:
        """Return what the pipeline decides and what becomes of the texts."""
        body, before = parse(case)
        facts = build_facts(case.facts)
        pipeline = self._policies.pipeline(case.place.policy, facts.model or body.get("model"))
        if pipeline is None:
            return {"policy": None}
        may_refuse = can_reject(pipeline, body, case.place.endpoint, facts)
        applied = pipeline.apply(body, case.place.endpoint, facts)
        return {
            "policy": pipeline.name,
            "may refuse": may_refuse,
            "untouched": shown(body) == shown(before),
            "same": applied.body is body,
            "kept": sorted(key for key, value in body.items() if applied.body.get(key) is value),
            "body": written(applied.body),
            "refusal": refusal(member(applied, "Applied.refusal")),
            "headers": applied.decision.headers(),
            "record": applied.decision.record(),
            "fired": list(applied.decision.fired),
            "texts": _texts(member(applied, "Applied.answer")(), case),
        }


def _texts(rewriter: Any, case: Case) -> list[Any] | None:
    """Return what the client reads of each text, and what is left of each choice at the end."""
    if rewriter is None:
        return None
    read: list[Any] = []
    try:
        read += [rewriter.feed(*text) for text in case.answer.texts]
        read += [rewriter.flush(choice) for choice in sorted({choice for choice, _, _ in case.answer.texts})]
    except Exception as error:  # noqa: BLE001 - an error is a result to compare
        read.append(raised(error))
    return read
