"""Promise: a policy file executes nothing, reads nothing outside its folder, and loads in bounded memory and time."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_policy import LoadError, load_paths
from prompt_policy.errors import Problem

HEAD = "version: 1\nname: a\n"
RULES = "rules:\n- {name: r, kind: reject, message: 'no'}\n"
MAX_MEMORY_BYTES = 256 << 20
TIMEOUT_S = 120


def load_problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(LoadError) as caught:
        load_paths([path])
    return caught.value.problems


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of policies beside a secret one, which contains a valid policy."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "secret.yaml").write_text(f"version: 1\nname: secret\n{RULES}")
    (tmp_path / "policies").mkdir()
    return tmp_path / "policies"


def link_file(folder: Path) -> str:
    (folder / "link.txt").symlink_to(folder.parent / "secret" / "secret.yaml")
    return "link.txt"


def link_folder(folder: Path) -> str:
    (folder / "inside").symlink_to(folder.parent / "secret", target_is_directory=True)
    return "inside/secret.yaml"


@pytest.mark.parametrize(
    "build_name",
    [
        lambda folder: "../secret/secret.yaml",
        lambda folder: "./../policies/../secret/secret.yaml",
        lambda folder: str(folder.parent / "secret" / "secret.yaml"),
        lambda folder: f"//{folder.parent}/secret/secret.yaml",
        link_file,
        link_folder,
    ],
)
def test_policy_cannot_extend_a_file_outside_its_folder(folder: Path, build_name: Callable[[Path], str]) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}extends: {build_name(folder)}\n")
    (problem,) = load_problems(folder)
    assert "is outside the policies' folder" in problem.message


@pytest.mark.parametrize(
    "name", ["../README", "../../README.md", "../pyproject", "-", "~/x", "$HOME/x", "http://x/y.yaml"]
)
def test_path_is_not_a_shipped_policy_name(folder: Path, name: str) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}extends: {name!r}\n")
    (problem,) = load_problems(folder)
    assert "no file or shipped policy" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch pwned']",
        "!!python/object/new:subprocess.Popen [['touch', 'pwned']]",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!include /etc/passwd",
        "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch pwned']",
    ],
)
@pytest.mark.parametrize("where", ["description: {}", "rules: {}", "tests: [{}]", "? {} : x"])
def test_yaml_tag_is_an_error_and_executes_nothing(
    folder: Path, text: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "a.yaml").write_text(f"{HEAD}{where.replace('{}', text)}\n")
    assert load_problems(folder)
    assert not (folder / "pwned").exists()


def test_merge_key_is_an_unknown_key(folder: Path) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}tasks: {{math: &x {{any: [sum]}}, code: {{<<: *x}}}}\n{RULES}")
    (problem,) = load_problems(folder)
    assert "unknown key '<<'" in problem.message


LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 20))
HOSTILE = {
    "laughs": f"l0: &l0 [ha, ha]\n{LAUGHS}",
    "laughs in keys": "k: &k {a: 1}\n? [*k, *k]\n: 1\n",
    "laughs in texts": f"tasks:\n  a: {{any: [&x {'a' * 900_000}]}}\n  b: {{any: [{'*x, ' * 20_000}]}}\n{RULES}",
    "an alias to itself": "rules: &r [*r, *r]\n",
    "nested lists": f"rules: {'[' * 400_000}{']' * 400_000}\n",
    "nested maps": f"rules: {'{a: ' * 200_000}1{'}' * 200_000}\n",
    "nested blocks": f"rules:\n{'- ' * 400_000}x\n",
    "nested conditions": f"rules: [{{name: r, kind: reject, message: x, when: {'{not: ' * 5000}{'}' * 5000}}}]\n",
    "a long number": f"rules: [{{name: r, kind: clamp, parameters: {{a: {{max: {'9' * 900_000}}}}}}}]\n",
    "a long hexadecimal": f"mode: 0x{'f' * 900_000}\n{RULES}",
    "a long key": f"? {'k' * 900_000}\n: 1\n",
    "many keys": "".join(f"k{n}: 1\n" for n in range(50_000)),
    "many doubled keys": "a: 1\n" * 100_000,
    "many rules": f"rules:\n{'- {}' * 1}\n" + "- {}\n" * 100_000,
    "a large pattern": f"{RULES[:-2]}, when: {{last_user: {{matches: '(a{{1,1000}}){{1,1000}}'}}}}}}\n",
    "many words": f"tasks: {{a: {{any: [{', '.join(f'wörd{n}' for n in range(60_000))}]}}}}\n{RULES}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_rejected_in_bounded_memory(folder: Path, text: str) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}{text}")
    tracemalloc.start()
    try:
        assert load_problems(folder)
        assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a){20}b", "([a-z]+)*b"])
def test_no_pattern_takes_exponential_time(folder: Path, pattern: str) -> None:
    rule = f"{{name: r, kind: reject, message: x, when: {{last_user: {{matches: '{pattern}'}}}}}}"
    (folder / "a.yaml").write_text(f"{HEAD}applies_to: {{models: [m]}}\nrules: [{rule}]\n")
    check_finishes("last_user", folder, "a" * 50_000)


@pytest.mark.parametrize(
    "glob", ["*a*a*a*a*a*a*a*a*b", "*?*?*?*?*?*?*?*b", "*a**a**a**a**a*b", "*[ab]*[ab]*[ab]*[ab]*c"]
)
@pytest.mark.parametrize("key", ["applies_to: {models: [GLOB]}", "applies_to: {models: ['*'], except: [GLOB]}"])
def test_no_glob_takes_exponential_time_on_a_model_name(folder: Path, glob: str, key: str) -> None:
    when = f"{{model: '{glob}', team: '{glob}', key_alias: '{glob}'}}"
    rule = f"{{name: r, kind: reject, message: x, when: {when}}}"
    (folder / "a.yaml").write_text(f"{HEAD}{key.replace('GLOB', repr(glob))}\nrules: [{rule}]\n")
    check_finishes("model", folder, "a" * 50_000)


RUN = """
import sys
from prompt_policy import Pipeline, RequestContext, load_paths
what, folder, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = "a" * length
policies = load_paths([folder])
model, question = (text, "Hi") if what == "model" else ("m", text)
for name in (model, model[:1000]):
    policies.select(name)
context = RequestContext(model=model, team=text, key_alias=text)
body = {"model": model, "messages": [{"role": "user", "content": question}]}
print(Pipeline(policies.policies[0]).apply(body, "chat", context).refusal)
"""


def check_finishes(what: str, folder: Path, text: str) -> None:
    """Select and apply the folder's policy in a process with a timeout, which exponential time would exceed."""
    command = [sys.executable, "-c", RUN, what, str(folder), str(len(text))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.stdout == "None\n", done.stderr
