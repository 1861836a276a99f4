"""The ASGI middleware, called as a server calls it, around an app that answers as the case says."""

from __future__ import annotations

from typing import Any

from prompt_policy.asgi import PolicyMiddleware
from tests.properties.differential.case import Case
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import Result, drive, headers, payload, raised, stream


class ScriptedApp:
    """An app that reads a request to its end and sends the answer of a case."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.received: Result | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        assert self.case is not None
        pieces = []
        while True:
            message = await receive()
            pieces.append(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                break
        self.received = {
            "headers": headers(scope["headers"]),
            "body": payload(b"".join(pieces)),
            "keys": sorted(scope),
            "end": message["type"],
        }
        answer = self.case.answer
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
        for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece.encode("latin-1"), "more_body": True})
        if answer.fails:
            raise ConnectionError("the app failed")
        await send({"type": "http.response.body", "body": b""})


class AsgiHost:
    """Serves a case by the middleware."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._app = ScriptedApp()
        self._middleware: dict[tuple[str, bool], Any] = {}

    def run(self, case: Case) -> Result:
        """Return what the app receives and what the client does."""
        key = case.place.policy, bool(case.facts.get("has_reasoning_parser"))
        if key not in self._middleware:
            given = self._policies.given(key[0])
            self._middleware[key] = PolicyMiddleware(self._app, given, reasoning_parser=key[1])
        self._app.case, self._app.received = case, None
        sent: list[Any] = []
        error: Result | None = None
        try:
            drive(self._middleware[key](_scope(case), _receive(case), _send(sent)))
        except Exception as failed:  # noqa: BLE001 - an error is a result to compare
            error = raised(failed)
        bodies = [message.get("body", b"") for message in sent if message["type"] == "http.response.body"]
        starts = [message for message in sent if message["type"] == "http.response.start"]
        return {
            "received": self._app.received,
            "starts": [{"status": each["status"], "headers": headers(each["headers"])} for each in starts],
            "order": [message["type"] for message in sent if message["type"] != "http.response.body"],
            "ends": [not message.get("more_body", False) for message in sent][-1:],
            "body": stream(bodies) if case.answer.is_stream else payload(b"".join(bodies)),
            "error": error,
        }


def _scope(case: Case) -> Any:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in case.headers]
    return {"type": "http", "method": case.method, "path": case.path, "headers": pairs, "query_string": b""}


def _receive(case: Case) -> Any:
    last = len(case.pieces) - 1
    coming = [
        {"type": "http.request", "body": piece.encode("latin-1"), "more_body": number < last}
        for number, piece in enumerate(case.pieces)
    ]

    async def receive() -> Any:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    return receive


def _send(sent: list[Any]) -> Any:
    async def send(message: Any) -> None:
        sent.append(message)

    return send
