"""How far a start is."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.stages import stage_of

LOG = (Path(__file__).with_name("vllm_logs") / "ok.log").read_text().splitlines()


def test_a_good_start_goes_through_its_stages_in_order() -> None:
    stages = [stage for line in LOG if (stage := stage_of(line))]

    assert [stage.text for stage in stages] == [
        "reading the configuration",
        "starting the engine",
        "loading weights",
        "weights 0 of 1",
        "weights 1 of 1",
        "weights loaded",
        "making the cache",
        "engine ready",
        "starting the server",
        "application startup complete",
    ]
    assert [stage.share for stage in stages] == sorted(stage.share for stage in stages)
    assert stages[-1].share == 1


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
def test_what_a_gpu_build_says(line: str, text: str | None) -> None:
    stage = stage_of(line)

    assert (stage.text if stage else None) == text
