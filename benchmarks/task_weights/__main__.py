"""Train the tables of the task classifier: ``python -m benchmarks.task_weights FOLDER [--into FOLDER]``.

FOLDER contains the public sets; see docs/explanation/tasks.md. It takes about two minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.task_weights.sources import read_training_turns
from benchmarks.task_weights.trainer import TrainingOptions, build_example, raise_thresholds, train_table
from prompt_policy.conditions.tasks import weights
from prompt_policy.conditions.tasks.weights import format_table

SEED: Final = 1
OPTIONS: Final = (
    TrainingOptions("math", max_weights=3600, rejected_weight=0.25),
    TrainingOptions("code", max_weights=1000, rejected_weight=0.05),
)
# Chosen on the written texts of parts 1 and 3 and on a tenth of the public sets, without which the tables were trained.
RAISED_POINTS: Final = {
    "math": {"en": 0.1, "zh": 0.5, "other": 1.5},
    "code": {"en": -1.5, "zh": -2.0, "other": 0.0},
}
_COMMENT: Final = """\
The weights of the task {task}, in hundredths of a point.
Written by python -m benchmarks.task_weights; do not edit."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables; return the exit code."""
    parser = argparse.ArgumentParser(description="Train the tables of the task classifier.")
    parser.add_argument("folder", type=Path, help="contains the public sets")
    parser.add_argument("--into", type=Path, default=Path(weights.__file__).parent, help="where the tables are written")
    options = parser.parse_args(argv)
    examples = [build_example(turn) for turn in read_training_turns(options.folder, SEED)]
    for training in OPTIONS:
        table = raise_thresholds(train_table(examples, training), RAISED_POINTS[training.task])
        path = options.into / f"{training.task}.tsv"
        path.write_text(format_table(table, _COMMENT.format(task=training.task)), encoding="utf-8")
        sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
