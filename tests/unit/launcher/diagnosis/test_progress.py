"""The progress of a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.diagnosis.progress import parse_stage

LOGS = Path(__file__).parents[3] / "support" / "vllm_logs"
LOG = (LOGS / "ok.log").read_text().splitlines()


def test_a_successful_start_passes_its_stages_in_order() -> None:
    stages = [stage for line in LOG if (stage := parse_stage(line))]

    assert [stage.text for stage in stages] == [
        "reading the configuration",
        "starting the engine",
        "loading weights",
        "weights 0 of 1",
        "weights 1 of 1",
        "weights loaded",
        "allocating the cache",
        "engine ready",
        "starting the server",
        "application startup complete",
    ]
    assert [stage.share for stage in stages] == sorted(stage.share for stage in stages)
    assert stages[-1].share == 1


def test_the_compilation_of_a_cpu_build_is_named_with_the_way_to_skip_it() -> None:
    lines = (LOGS / "compile.log").read_text().splitlines()
    texts = [stage.text for line in lines if (stage := parse_stage(line))]

    assert texts[texts.index("weights loaded") :][:3] == [
        "weights loaded",
        "compiling; --enforce-eager skips this",
        "allocating the cache",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  1.2it/s]", "weights 2 of 4"),
        ("Loading pt checkpoint shards: 100% Completed | 4/4 [00:01<00:01,  1.2it/s]", "weights 4 of 4"),
        ("INFO [backends.py:1] Using cache directory for vLLM's torch.compile", "compiling"),
        ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  10%|", "capturing CUDA graphs"),
        ("anything else", None),
    ],
)
def test_lines_of_a_gpu_build_are_recognised(line: str, text: str | None) -> None:
    stage = parse_stage(line)

    assert (stage.text if stage else None) == text
