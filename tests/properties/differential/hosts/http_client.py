"""The http client, of httpx and httpx2, over a transport that answers as the case says."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from prompt_policy.httpx import policy_http_client
from tests.properties.differential.case import Case
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import Result, drive, headers, payload, raised, stream

_FAMILIES: Final = tuple(name for name in ("httpx", "httpx2") if importlib.util.find_spec(name))
_URL: Final = "http://127.0.0.1:9"


class ScriptedServer:
    """A server behind a mock transport, which sends the answer of a case."""

    def __init__(self, family: Any) -> None:
        self.family = family
        self.case: Case | None = None
        self.received: Result | None = None

    def __call__(self, request: Any) -> Any:
        """Answer a request."""
        assert self.case is not None
        self.received = {
            "method": request.method,
            "path": request.url.raw_path.decode("latin-1"),
            "headers": headers(request.headers.raw),
            "body": payload(request.content),
        }
        answer = self.case.answer
        return self.family.Response(answer.status, headers=list(answer.headers), stream=self._stream(answer))

    def _stream(self, answer: Any) -> Any:
        failure = self.family.ReadError("the connection broke")

        class Pieces(self.family.SyncByteStream, self.family.AsyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
            def __iter__(self) -> Iterator[bytes]:
                yield from (piece.encode("latin-1") for piece in answer.pieces)
                if answer.fails:
                    raise failure

            async def __aiter__(self) -> AsyncIterator[bytes]:
                for piece in self:
                    yield piece

        return Pieces()


class HttpClientHost:
    """Sends a case by a client, and reads the answer whole or piece by piece."""

    def __init__(self, policies: Policies, *, is_async: bool) -> None:
        self._policies = policies
        self._is_async = is_async
        self._clients: dict[tuple[str, str, bool], tuple[ScriptedServer, Any]] = {}

    def run(self, case: Case) -> Result:
        """Return what the server receives and what the client reads."""
        server, client = self._client(case)
        server.case, server.received = case, None
        # Each name once: of a repeated header, older trees read the last one, and newer ones join all.
        sent = dict(case.headers)
        request = client.build_request(case.method, _URL + case.path, headers=sent, content=case.body)
        result = drive(self._exchange(client, request, case))
        return {**result, "received": server.received}

    def _client(self, case: Case) -> tuple[ScriptedServer, Any]:
        family = _FAMILIES[case.place.round % len(_FAMILIES)]
        key = family, case.place.policy, bool(case.facts.get("has_reasoning_parser"))
        if key not in self._clients:
            module = importlib.import_module(family)
            server = ScriptedServer(module)
            kind = module.AsyncClient if self._is_async else module.Client
            base = kind(transport=module.MockTransport(server), trust_env=False)
            given = self._policies.given(case.place.policy)
            self._clients[key] = server, policy_http_client(given, base, reasoning_parser=key[2])
        return self._clients[key]

    async def _exchange(self, client: Any, request: Any, case: Case) -> Result:
        """Send a request; an error, and all that was read before it, is the result."""
        pieces: list[bytes] = []
        result: Result = {}
        try:
            sent = client.send(request, stream=case.answer.is_stream)
            response = await sent if self._is_async else sent
            result = {"status": response.status_code, "headers": headers(response.headers.raw)}
            if not case.answer.is_stream:
                return {**result, "body": payload(response.content)}
            if self._is_async:
                async for piece in response.aiter_bytes():
                    pieces.append(piece)  # noqa: PERF401 - what was read before an error is kept
            else:
                for piece in response.iter_bytes():
                    pieces.append(piece)  # noqa: PERF402 - what was read before an error is kept
        except Exception as error:  # noqa: BLE001 - an error is a result to compare
            result["error"] = raised(error)
        return {**result, "body": stream(pieces)}
