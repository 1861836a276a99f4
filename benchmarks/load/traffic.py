"""The requests of a run, each with a marker of its own, and what the answer to each has to be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from benchmarks.load.echo import BLANK_LINES, seen, told
from benchmarks.load.policies import HOT, Version
from prompt_policy.wire.values import JsonObject
from tests.vectors.reading import PATHS, read

Ending = Literal["answered", "refused", "failed", "cut", "left"]
"""refused: by the policy; failed: the backend says 500; cut: it breaks off in mid-stream; left: the client does."""
_TEMPERATURE: Final = 0.5
_GENERATE: Final = "generate"
_MODELS: Final = ("bound", "model-{number}", "foreign-{number}")
_ALIASES: Final[dict[Ending, str]] = {"failed": "broken", "cut": "cut", "refused": "bound"}


class Kind(NamedTuple):
    """A kind of request. ``share`` is how often it is drawn, beside the others."""

    endpoint: str
    stream: bool = False
    ending: Ending = "answered"
    share: int = 1

    def __str__(self) -> str:
        return f"{self.endpoint}, {'streamed' if self.stream else 'whole'}, {self.ending}"


STREAMED: Final = (
    Kind("chat", True, share=4),
    Kind("completions", True),
    Kind("responses", True, share=2),
    Kind("messages", True, share=2),
)
WHOLE: Final = (
    Kind("chat", share=4),
    Kind("completions"),
    Kind("responses", share=2),
    Kind("messages", share=2),
    Kind("chat", False, "refused"),
    Kind("chat", True, "refused"),
    Kind("responses", False, "refused"),
    Kind("messages", False, "refused"),
)
ROUGH: Final = (
    Kind("chat", True, "left", share=2),
    Kind("chat", False, "left"),
    Kind("responses", True, "left"),
    Kind("messages", True, "left"),
    Kind("chat", False, "failed"),
    Kind("chat", True, "failed"),
    Kind("responses", False, "failed"),
    Kind("messages", False, "failed"),
    Kind("chat", True, "cut"),
    Kind(_GENERATE),
)
ALL: Final = (*STREAMED, *WHOLE, *ROUGH)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Every third names a model that no other request names and a policy applies to, every third one
    that none applies to."""

    number: int
    kind: Kind
    model: str

    @property
    def marker(self) -> str:
        """What no other request holds."""
        return f"<request {self.number}>"

    @property
    def text(self) -> str:
        """The question; every other one is an exercise."""
        if self.number % 2:
            return f"{self.marker} Solve the equation x^2 - {self.number}x + 6 = 0."
        return f"{self.marker} Tell me a story."

    @property
    def path(self) -> str:
        """Where it is sent."""
        return PATHS.get(self.kind.endpoint, f"/v1beta/models/{self.model}:generateContent")

    @property
    def body(self) -> JsonObject:
        """What is sent."""
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
        asked = bodies[self.kind.endpoint]
        return {"model": self.model, "stream": self.kind.stream, "temperature": self._temperature, **asked}

    @property
    def is_policed(self) -> bool:
        """Whether a policy applies to it, where there is one."""
        return not self.model.startswith("foreign-")

    @property
    def _temperature(self) -> float:
        # Messages knows none above 1, and LiteLLM passes on what is no number for the policy to refuse.
        return HOT if self.kind.ending == "refused" else _TEMPERATURE

    def answer(self, version: Version | None) -> str:
        """Return what the client has to read under a version of the policy, or under none."""
        turns = [["user", self.text]]
        if version is None:
            return told(seen(turns, self._temperature, None))
        if self.kind.endpoint == "completions":
            return told(seen(turns, version.temperature, version.top_p))
        steps = "\nStep by step." if self.number % 2 else ""
        turns = [["user", f"{self.text}{steps}\n{version.suffix}"], ["assistant", version.opening]]
        said = seen(turns, version.temperature, version.top_p)
        return version.opening + told(said, min(version.blank_lines, BLANK_LINES))

    def read(self, answer: str) -> str:
        """Return the text of an answer as a client reads it."""
        if self.kind.endpoint == _GENERATE:
            return "".join(part["text"] for part in json.loads(answer)["candidates"][0]["content"]["parts"])
        return read(self.kind.endpoint, answer, stream=self.kind.stream)["content"]


def requests(kinds: Sequence[Kind], numbers: Iterator[int]) -> Iterator[Asked]:
    """Yield requests without end: every kind by its share, in an order that is the same in every run."""
    order = [kind for kind in kinds for _ in range(kind.share)]
    shuffled = random.Random(0)
    while True:
        shuffled.shuffle(order)
        for kind in order:
            number = next(numbers)
            yield Asked(number, kind, _model(kind, number))


def _model(kind: Kind, number: int) -> str:
    if kind.endpoint == _GENERATE:
        return f"foreign-{number}"
    return _ALIASES.get(kind.ending) or _MODELS[number % len(_MODELS)].format(number=number)


def deployments(api_base: str) -> list[JsonObject]:
    """Return LiteLLM's model_list for these requests."""

    def deployment(alias: str, model: str, **model_info: str) -> JsonObject:
        parameters = {"model": f"hosted_vllm/{model}", "api_base": api_base, "api_key": "none"}
        return {"model_name": alias, "litellm_params": parameters, "model_info": model_info}

    return [
        deployment("bound", "some-model", prompt_policy="main"),
        deployment("broken", "model-broken"),
        deployment("cut", "model-cut"),
        deployment("*", "*"),
    ]


def counted(asked: Mapping[Kind, int]) -> dict[str, int]:
    """Return how many of each kind there were, in words."""
    return {str(kind): count for kind, count in sorted(asked.items(), key=lambda pair: str(pair[0]))}
