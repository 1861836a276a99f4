"""Policies on a model that answers: SmolLM2-135M-Instruct on a real vLLM, in the engine and through each other host."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, product
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from openai import OpenAI

from prompt_policy import load
from prompt_policy.openai import wrap
from prompt_policy.proxy.demo import POLICY
from prompt_policy.proxy.demo.weights import MODEL_NAME, prepare_checkpoint
from tests.integration.vllm.conftest import MIDDLEWARE, SOURCE
from tests.support import vllm_environment
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.vllm_server import Server, VllmAnswer, request_answer, start_server

DIRECT: Final = "direct"
"""A served name without a policy."""
BOXED: Final = {
    "en": "Please reason step by step, and put your final answer within \\boxed{}.",
    "zh": "请逐步推理，并将最终答案放在\\boxed{}内。",
}
RULES: Final[dict[str, dict[str, Any]]] = {
    "suffixed": {"kind": "append_suffix", "when": {"task": "math"}, "text": BOXED},
    "folded": {"kind": "fold_system"},
    "tidied": {"kind": "filter_whitespace", "max_blank_lines": 0},
    "split": {"kind": "shape_reasoning", "split": True},
    "guarded": {"kind": "stop_repetition", "min_chars": 200, "min_repeats": 4},
}
"""A policy of one rule for each served name."""
OWN_SYSTEM_MESSAGE: Final = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What the template adds to a request without a system message."""
SEA: Final[dict[str, Any]] = {
    "messages": [{"role": "user", "content": "Write two short sentences about the sea."}],
    "temperature": 1.5,
    "seed": 3,
    "max_tokens": 60,
}
FACTS: Final = {
    "What is the capital of Germany?": "Berlin",
    "How many legs does a cat have?": "four|4",
    "What is the first month of the year?": "January",
    "What is the largest ocean?": "Pacific",
    "Which language is spoken in Spain?": "Spanish",
    "What is the opposite of up?": "down",
    "What is the chemical symbol of water?": "H2O|H₂O",
    "What is the opposite of day?": "night",
    "Which planet is known as the Red Planet?": "Mars",
    "What gas do plants take in?": "carbon",
}
SEEDS: Final = range(7)


def write_policies(folder: Path) -> Path:
    """Write the policy of the demo, and one for each served name in RULES."""
    shutil.copy(POLICY, folder)
    for name, rule in RULES.items():
        policy = {"version": 1, "name": name, "applies_to": {"models": [name]}, "rules": [{"name": "only", **rule}]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(vllm_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A vLLM with real weights and the middleware. Only the served name ``direct`` has no policy."""
    checkpoint = prepare_checkpoint({"XDG_CACHE_HOME": str(vllm_environment.FOLDER)}, lambda _stage, _share: None)
    names = [word for name in (MODEL_NAME, DIRECT, *RULES) for word in ("--served-model-name", name)]
    variables = {"PYTHONPATH": str(SOURCE), "PROMPT_POLICY_PATH": str(write_policies(tmp_path_factory.mktemp("rules")))}
    found = start_server(
        vllm_python, checkpoint, tmp_path_factory.mktemp("state"), "real", *names, "--", "--enforce-eager",
        "--middleware", MIDDLEWARE, variables=variables, max_model_len=4096,
    )  # fmt: skip
    try:
        found.wait_until_ready()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def proxied(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's proxy, which enforces the demo's policy on a model that has none in vLLM."""
    parameters = {"model": f"hosted_vllm/{DIRECT}", "api_base": f"{server.root}/v1", "api_key": "none"}
    config = {
        "model_list": [
            {
                "model_name": MODEL_NAME,
                "litellm_params": parameters,
                "model_info": {"prompt_policy": "smollm2-demo"},
            }
        ],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"]},
        "callback_settings": {"prompt_policy": {"path": str(POLICY)}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with run_proxy(config, tmp_path_factory.mktemp("proxy")) as running:
        yield running


def query_model(server: Server, name: str, *, stream: bool = False, **keys: Any) -> VllmAnswer:
    """Request an answer from a served name; the greedy one, unless the keys have a temperature."""
    answer = request_answer(f"{server.root}/v1", {"model": name, "temperature": 0, **keys}, stream=stream)
    assert answer.status == 200, answer.error
    return answer


def query_wrapped_client(server: Server, *, stream: bool) -> str:
    """Return the answer to SEA of a served name without a policy, to a wrapped client."""
    with wrap(OpenAI(base_url=f"{server.root}/v1", api_key="none"), load(POLICY)) as client:
        if not stream:
            return client.chat.completions.create(model=DIRECT, **SEA).choices[0].message.content or ""
        chunks = client.chat.completions.create(model=DIRECT, stream=True, **SEA)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def count_right_answers(server: Server, name: str) -> int:
    """Return how many of the 70 questions, each fact with seven seeds, get an answer that contains the fact."""

    def is_right(trial: tuple[str, int]) -> bool:
        question, seed = trial
        messages = [{"role": "user", "content": question}]
        answer = query_model(server, name, messages=messages, temperature=1.5, seed=seed, max_tokens=24)
        return re.search(rf"\b({FACTS[question]})\b", answer.content, re.IGNORECASE) is not None

    with ThreadPoolExecutor(16) as executor:
        return sum(executor.map(is_right, product(FACTS, SEEDS)))


def test_a_hot_client_gets_right_answers_through_the_policy(server: Server) -> None:
    assert count_right_answers(server, DIRECT) <= 20
    assert count_right_answers(server, MODEL_NAME) >= 45


def test_all_hosts_give_the_same_answer_at_one_seed(server: Server, proxied: Proxy) -> None:
    answers = {
        (host, stream): answer
        for stream in (False, True)
        for host, answer in {
            "in the engine": query_model(server, MODEL_NAME, stream=stream, **SEA).content,
            "through LiteLLM": request_answer(
                f"{proxied.url}/v1", {"model": MODEL_NAME, **SEA}, stream=stream, key=KEY
            ).content,
            "wrapped client": query_wrapped_client(server, stream=stream),
        }.items()
    }
    assert len(answers) == 6
    assert len(set(answers.values())) == 1, answers
    assert "sea" in answers["in the engine", False]
    assert query_model(server, DIRECT, **SEA).content not in answers.values()


@pytest.mark.parametrize(("language", "question"), [("en", "What is 12 + 30?"), ("zh", "计算 12 + 30 等于多少？")])
def test_the_suffix_ends_the_turn_in_its_language(server: Server, language: str, question: str) -> None:
    messages = [{"role": "user", "content": question}]
    assert (
        f"\n{question}\n{BOXED[language]}<|im_end|>"
        in query_model(server, "suffixed", messages=messages, max_tokens=5).prompt
    )


def test_folding_replaces_the_system_message_by_that_of_the_template(server: Server) -> None:
    messages = [{"role": "system", "content": "You are a pirate."}, {"role": "user", "content": "What is 12 + 30?"}]
    direct, folded = (query_model(server, name, messages=messages, max_tokens=30) for name in (DIRECT, "folded"))

    assert OWN_SYSTEM_MESSAGE not in direct.prompt
    assert f"system\n{OWN_SYSTEM_MESSAGE}<|im_end|>" in folded.prompt
    assert "user\nYou are a pirate.\n\nWhat is 12 + 30?<|im_end|>" in folded.prompt
    assert folded.content != direct.content


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_blank_lines_of_an_answer_are_removed(server: Server, stream: bool) -> None:
    messages = [{"role": "user", "content": "List three fruits, with an empty line between them."}]
    direct, tidied = (
        query_model(server, name, stream=stream, messages=messages, max_tokens=60) for name in (DIRECT, "tidied")
    )

    assert "\n\n" in direct.content
    assert tidied.content == re.sub(r"\n{2,}", "\n", direct.content)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_inline_reasoning_gets_its_own_field(server: Server, stream: bool) -> None:
    shots = {
        "What is 2 + 2?": "<think>Two and two is four.</think>4",
        "What colour is the sky?": "<think>The sky is blue by day.</think>Blue",
        "What is the capital of Italy?": "<think>The capital of Italy is Rome.</think>Rome",
    }
    turns = [(("user", question), ("assistant", answer)) for question, answer in shots.items()]
    messages = [{"role": role, "content": content} for turn in turns for role, content in turn]
    messages.append({"role": "user", "content": "What is the capital of France?"})
    direct, split = (
        query_model(server, name, stream=stream, messages=messages, max_tokens=40) for name in (DIRECT, "split")
    )

    assert direct.reasoning == ""
    assert direct.content == f"<think>{split.reasoning}</think>{split.content}"
    assert split.content


def test_a_stream_that_repeats_itself_ends(server: Server) -> None:
    laughs = ["Laugh.", "ha " * 5 + "ha", "Laugh for much longer.", "ha " * 23 + "ha", "Laugh for ever."]
    messages = [
        {"role": role, "content": text} for role, text in zip(cycle(["user", "assistant"]), laughs, strict=False)
    ]
    direct, guarded = (
        query_model(server, name, stream=True, messages=messages, max_tokens=600).content
        for name in (DIRECT, "guarded")
    )
    assert len(direct) > 1500
    assert 200 <= len(guarded) < 500
    assert direct.startswith(guarded)
