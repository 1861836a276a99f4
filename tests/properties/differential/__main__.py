"""The command line: ``python -m tests.properties.differential --help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from tests.properties.differential.case import HOSTS, Place
from tests.properties.differential.generate import EXTRAS
from tests.properties.differential.report import say
from tests.properties.differential.run import Findings, compare_policies, run, select_places
from tests.properties.differential.trees import ROOT, Process, TreeError, open_tree
from tests.properties.differential.wanted import WANTED_FILE, read_wanted

_DESCRIPTION = """Compare two versions of the source: the same requests and answers through both must give the same
results. Exit status: 0 if nothing differs but what is listed as intended, 1 if something does, 2 if it cannot run."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.properties.differential", description=_DESCRIPTION)
    parser.add_argument("--old", required=True, metavar="TREE", help="a folder, or a git revision to check out")
    parser.add_argument("--new", default=str(ROOT), metavar="TREE", help="the same; default: this tree as it is")
    parser.add_argument("--cases", type=int, default=2000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="any text; the same seed gives the same cases")
    parser.add_argument("--host", action="append", default=[], choices=HOSTS, help="only this one; may be repeated")
    parser.add_argument("--policy", action="append", default=[], help="only this one; may be repeated")
    parser.add_argument("--case", type=Place.parse, metavar="HOST/ENDPOINT/POLICY/NUMBER", help="only this one")
    parser.add_argument("--most", type=int, default=10, metavar="N", help="print so many differing cases")
    parser.add_argument("--wanted", type=Path, default=WANTED_FILE, metavar="FILE", help="the intended differences")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        findings = Findings(read_wanted(options.wanted), options.seed, options.most)
        _run(options, findings)
    except (TreeError, ValidationError, OSError) as error:
        say(f"error: {error}", sys.stderr)
        return 2
    visited = f"{findings.cases} cases, {len(findings.visited)} combinations of host, endpoint and policy"
    say(f"{visited}: {len(findings.differing)} differ, {findings.intended} intended differences", sys.stdout)
    return 1 if findings.differing else 0


def _run(options: argparse.Namespace, findings: Findings) -> None:
    with ExitStack() as stack:
        trees = [stack.enter_context(open_tree(given)) for given in (options.old, options.new)]
        old, new = (stack.enter_context(Process(tree, EXTRAS)) for tree in trees)
        policies = compare_policies(old.hashes(), new.hashes(), findings)
        chosen = [*options.policy, options.case.policy] if options.case else options.policy
        if unknown := sorted(set(chosen) - set(policies)):
            raise TreeError(f"no policy is named {', '.join(unknown)} in both trees; known: {', '.join(policies)}")
        places = select_places(options.seed, policies, hosts=options.host, chosen=options.policy, case=options.case)
        run(old, new, islice(places, options.cases), findings)


if __name__ == "__main__":
    sys.exit(main())
