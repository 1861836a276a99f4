"""The exchange of bytes without I/O, which the hosts that see bytes share."""

from __future__ import annotations

from typing import Any

from prompt_policy import Refusal
from tests.properties.differential.adapters import member, open_exchange
from tests.properties.differential.case import Case
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import (
    Result,
    headers,
    is_by_name,
    is_same,
    lowered,
    payload,
    refusal,
    stream,
)


class ExchangeHost:
    """Opens an exchange for a request, and gives it the answer."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def run(self, case: Case) -> Result:
        """Return the request that is sent on and the answer that the client reads, or the refusal."""
        body = case.body
        exchange = open_exchange(
            self._policies.resolver(case.place.policy),
            case.path,
            lowered(case.headers),
            body,
            reasoning_parser=bool(case.facts.get("has_reasoning_parser")),
            require_model=is_by_name(case),
        )
        refused = member(exchange, "Exchange.refusal")
        result: Result = {"answer headers": member(exchange, "Exchange.answer_headers")}
        if refused is not None:
            return {**result, "refusal": _reply(refused)}
        result |= {
            "same": exchange.body is body,
            "body": payload(exchange.body),
            "headers": headers(exchange.headers.items()),
            "rewrites": member(exchange, "Exchange.rewrites"),
        }
        return {**result, "answer": _answer(exchange, case)}


def _reply(reply: Any) -> Result:
    return {"status": reply.status, "headers": headers(reply.headers.items()), "body": payload(reply.body)}


def _answer(exchange: Any, case: Case) -> Result:
    sent = lowered(case.answer.headers)
    try:
        form = member(exchange, "Exchange.form")(
            case.answer.status, sent.get("content-type", ""), sent.get("content-encoding", "")
        )
    except Refusal as fault:
        return {"fault": refusal(fault)}
    pieces = [piece.encode("latin-1") for piece in case.answer.pieces]
    if form == "whole":
        whole = b"".join(pieces)
        reply = member(exchange, "Exchange.whole")(whole)
        return {"form": form, **_reply(reply), "same": reply.body is whole}
    if form != "stream":
        return {"form": form}
    rewriter = member(exchange, "Exchange.stream")()
    fed = [rewriter.feed(piece) for piece in pieces]
    same = [is_same(out, piece) for out, piece in zip(fed, pieces, strict=True)]
    return {"form": form, "body": stream([*fed, member(rewriter, "Stream.flush")()]), "same": same}
