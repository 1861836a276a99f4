"""The requests of a run, each with a unique marker, and the expected answer to each."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from benchmarks.load.echo import BLANK_LINES, build_answer_text, describe_request
from benchmarks.load.policies import HOT, Version
from prompt_policy.wire.values import JsonObject
from tests.support.responses import PATHS, read_texts

Ending = Literal["answered", "refused", "failed", "cut", "disconnected"]
"""``refused``: by the policy. ``failed``: the backend returns 500. ``cut``: the backend breaks off the stream.
``disconnected``: the client closes the connection."""
_TEMPERATURE: Final = 0.5
_GENERATE: Final = "generate"
_MODELS: Final = ("bound", "model-{number}", "foreign-{number}")
_ALIASES: Final[dict[Ending, str]] = {"failed": "broken", "cut": "cut", "refused": "bound"}


class RequestKind(NamedTuple):
    """A kind of request. ``share`` is its relative frequency."""

    endpoint: str
    stream: bool = False
    ending: Ending = "answered"
    share: int = 1

    def __str__(self) -> str:
        return f"{self.endpoint}, {'streamed' if self.stream else 'whole'}, {self.ending}"


STREAMED: Final = (
    RequestKind("chat", True, share=4),
    RequestKind("completions", True),
    RequestKind("responses", True, share=2),
    RequestKind("messages", True, share=2),
)
WHOLE: Final = (
    RequestKind("chat", share=4),
    RequestKind("completions"),
    RequestKind("responses", share=2),
    RequestKind("messages", share=2),
    RequestKind("chat", False, "refused"),
    RequestKind("chat", True, "refused"),
    RequestKind("responses", False, "refused"),
    RequestKind("messages", False, "refused"),
)
ROUGH: Final = (
    RequestKind("chat", True, "disconnected", share=2),
    RequestKind("chat", False, "disconnected"),
    RequestKind("responses", True, "disconnected"),
    RequestKind("messages", True, "disconnected"),
    RequestKind("chat", False, "failed"),
    RequestKind("chat", True, "failed"),
    RequestKind("responses", False, "failed"),
    RequestKind("messages", False, "failed"),
    RequestKind("chat", True, "cut"),
    RequestKind(_GENERATE),
)
ALL: Final = (*STREAMED, *WHOLE, *ROUGH)


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """One request. Every third one uses a unique model name that a policy applies to, and every third one a name that
    no policy applies to."""

    number: int
    kind: RequestKind
    model: str

    @property
    def marker(self) -> str:
        """A text that no other request contains."""
        return f"<request {self.number}>"

    @property
    def text(self) -> str:
        """The question; every second one is an exercise in mathematics."""
        if self.number % 2:
            return f"{self.marker} Solve the equation x^2 - {self.number}x + 6 = 0."
        return f"{self.marker} Write me a story."

    @property
    def path(self) -> str:
        """The path of the request."""
        return PATHS.get(self.kind.endpoint, f"/v1beta/models/{self.model}:generateContent")

    @property
    def body(self) -> JsonObject:
        """The body of the request."""
        if self.kind.endpoint == _GENERATE:
            turn = {"role": "user", "parts": [{"text": self.text}]}
            return {"contents": [turn], "generationConfig": {"temperature": _TEMPERATURE}}
        turns = [{"role": "user", "content": self.text}]
        bodies: dict[str, JsonObject] = {
            "chat": {"messages": turns},
            "messages": {"messages": turns, "max_tokens": 9},
            "responses": {"input": self.text},
            "completions": {"prompt": self.text},
        }
        fields = bodies[self.kind.endpoint]
        return {"model": self.model, "stream": self.kind.stream, "temperature": self._temperature, **fields}

    @property
    def is_covered(self) -> bool:
        """Whether a policy applies to it, if the proxy has the callback."""
        return not self.model.startswith("foreign-")

    @property
    def _temperature(self) -> float:
        # HOT is above the maximum of Messages, which is 1, but LiteLLM leaves the rejection to the policy.
        return HOT if self.kind.ending == "refused" else _TEMPERATURE

    def predict_answer(self, version: Version | None) -> str:
        """Return the text that the client must receive under a version of the policy; None: without a policy."""
        turns = [["user", self.text]]
        if version is None:
            return build_answer_text(describe_request(turns, self._temperature, None))
        if self.kind.endpoint == "completions":
            return build_answer_text(describe_request(turns, version.temperature, version.top_p))
        steps = "\nStep by step." if self.number % 2 else ""
        turns = [["user", f"{self.text}{steps}\n{version.suffix}"], ["assistant", version.opening]]
        description = describe_request(turns, version.temperature, version.top_p)
        return version.opening + build_answer_text(description, min(version.blank_lines, BLANK_LINES))

    def read(self, answer: str) -> str:
        """Return the text of an answer as a client reads it."""
        if self.kind.endpoint == _GENERATE:
            return "".join(part["text"] for part in json.loads(answer)["candidates"][0]["content"]["parts"])
        return read_texts(self.kind.endpoint, answer, stream=self.kind.stream)["content"]


def generate_requests(kinds: Sequence[RequestKind], numbers: Iterator[int]) -> Iterator[LoadRequest]:
    """Yield requests without end: every kind by its share, in the same order in every run."""
    order = [kind for kind in kinds for _ in range(kind.share)]
    shuffled = random.Random(0)
    while True:
        shuffled.shuffle(order)
        for kind in order:
            number = next(numbers)
            yield LoadRequest(number, kind, _select_model(kind, number))


def _select_model(kind: RequestKind, number: int) -> str:
    if kind.endpoint == _GENERATE:
        return f"foreign-{number}"
    return _ALIASES.get(kind.ending) or _MODELS[number % len(_MODELS)].format(number=number)


def build_model_list(api_base: str) -> list[JsonObject]:
    """Return LiteLLM's ``model_list`` for these requests."""

    def deployment(alias: str, model: str, **model_info: str) -> JsonObject:
        parameters = {"model": f"hosted_vllm/{model}", "api_base": api_base, "api_key": "none"}
        return {"model_name": alias, "litellm_params": parameters, "model_info": model_info}

    return [
        deployment("bound", "some-model", prompt_policy="main"),
        deployment("broken", "model-broken"),
        deployment("cut", "model-cut"),
        deployment("*", "*"),
    ]


def count_by_kind(requests: Mapping[RequestKind, int]) -> dict[str, int]:
    """Return the number of requests of each kind, by the kind's description."""
    return {str(kind): count for kind, count in sorted(requests.items(), key=lambda pair: str(pair[0]))}
