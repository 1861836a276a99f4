"""One case: a request and an answer that both trees receive, as a value that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Endpoint = Literal["chat", "completions", "responses", "messages"]
PATHS: Final[dict[Endpoint, str]] = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
ENDPOINTS: Final[tuple[Endpoint, ...]] = tuple(PATHS)
HOSTS: Final = ("pipeline", "exchange", "asgi", "httpx", "httpx-async", "litellm")
BY_MODEL_NAME: Final = "by-model-name"
"""The policy of a case for which the shipped library chooses by the request's model."""


@dataclass(frozen=True, slots=True)
class Place:
    """The policy, endpoint and host of a case, and its number among the cases there."""

    host: str
    endpoint: Endpoint
    policy: str
    round: int

    def __str__(self) -> str:
        return f"{self.host}/{self.endpoint}/{self.policy}/{self.round}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return the place that a text names. Raise ValueError if it names none."""
        host, endpoint, policy, number = text.split("/")
        found = next((each for each in ENDPOINTS if each == endpoint), None)
        if host not in HOSTS or found is None:
            raise ValueError(f"{text}: expected HOST/ENDPOINT/POLICY/NUMBER")
        return cls(host, found, policy, int(number))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends. Bytes are decoded as Latin-1, so that JSON can hold them.

    ``pieces`` are the bytes in the order of arrival; ``values`` are the same answer as JSON texts, for a host that
    receives objects; ``texts`` are (choice, channel, text), for a host that receives texts. ``fails`` breaks the
    connection after the last of them.
    """

    is_stream: bool
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    texts: tuple[tuple[int, str, str], ...] = ()
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its answer. ``pieces`` are the request's body, ``facts`` what a host knows beside it."""

    place: Place
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[str, ...]
    facts: dict[str, Any]
    answer: Answer

    @property
    def body(self) -> bytes:
        """The request's body, whole."""
        return "".join(self.pieces).encode("latin-1")

    def to_json(self) -> dict[str, Any]:
        """Return the case as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Case:
        """Return the case that ``to_json`` wrote."""
        pairs = {
            "place": Place(**value["place"]),
            "headers": _tuples(value["headers"]),
            "pieces": tuple(value["pieces"]),
        }
        answer = value["answer"]
        listed = {"headers": _tuples(answer["headers"]), "texts": _tuples(answer["texts"])}
        listed |= {"pieces": tuple(answer["pieces"]), "values": tuple(answer["values"])}
        return cls(**{**value, **pairs, "answer": Answer(**{**answer, **listed})})


def _tuples(listed: list[list[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(each) for each in listed)
