"""Promise: a policy file executes nothing, reads nothing outside its folder, and costs a bounded amount to load."""

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
MEMORY = 256 << 20
PATIENCE_S = 120


def mistakes(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(LoadError) as caught:
        load_paths([path])
    return caught.value.problems


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of policies beside a secret one that loads well."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "secret.yaml").write_text(f"version: 1\nname: secret\n{RULES}")
    (tmp_path / "policies").mkdir()
    return tmp_path / "policies"


def by_link(folder: Path) -> str:
    (folder / "link.txt").symlink_to(folder.parent / "secret" / "secret.yaml")
    return "link.txt"


def by_folder(folder: Path) -> str:
    (folder / "inside").symlink_to(folder.parent / "secret", target_is_directory=True)
    return "inside/secret.yaml"


@pytest.mark.parametrize(
    "name_of",
    [
        lambda folder: "../secret/secret.yaml",
        lambda folder: "./../policies/../secret/secret.yaml",
        lambda folder: str(folder.parent / "secret" / "secret.yaml"),
        lambda folder: f"//{folder.parent}/secret/secret.yaml",
        by_link,
        by_folder,
    ],
)
def test_no_policy_extends_what_is_outside_its_folder(folder: Path, name_of: Callable[[Path], str]) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}extends: {name_of(folder)}\n")
    (mistake,) = mistakes(folder)
    assert "is outside the policies' folder" in mistake.message


@pytest.mark.parametrize(
    "name", ["../README", "../../README.md", "../pyproject", "-", "~/x", "$HOME/x", "http://x/y.yaml"]
)
def test_a_shipped_name_is_no_path(folder: Path, name: str) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}extends: {name!r}\n")
    (mistake,) = mistakes(folder)
    assert "no file or shipped policy" in mistake.message


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
def test_a_tag_is_a_mistake_and_nothing_runs(
    folder: Path, text: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "a.yaml").write_text(f"{HEAD}{where.replace('{}', text)}\n")
    assert mistakes(folder)
    assert not (folder / "pwned").exists()


def test_a_merge_key_is_an_unknown_key(folder: Path) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}tasks: {{math: &x {{any: [sum]}}, code: {{<<: *x}}}}\n{RULES}")
    (mistake,) = mistakes(folder)
    assert "unknown key '<<'" in mistake.message


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
def test_a_hostile_file_is_refused_in_bounded_memory(folder: Path, text: str) -> None:
    (folder / "a.yaml").write_text(f"{HEAD}{text}")
    tracemalloc.start()
    try:
        assert mistakes(folder)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a){20}b", "([a-z]+)*b"])
def test_no_pattern_of_an_author_takes_exponential_time(folder: Path, pattern: str) -> None:
    rule = f"{{name: r, kind: reject, message: x, when: {{last_user: {{matches: '{pattern}'}}}}}}"
    (folder / "a.yaml").write_text(f"{HEAD}applies_to: {{models: [m]}}\nrules: [{rule}]\n")
    _finishes("last_user", folder, "a" * 50_000)


@pytest.mark.parametrize(
    "glob", ["*a*a*a*a*a*a*a*a*b", "*?*?*?*?*?*?*?*b", "*a**a**a**a**a*b", "*[ab]*[ab]*[ab]*[ab]*c"]
)
@pytest.mark.parametrize("key", ["applies_to: {models: [GLOB]}", "applies_to: {models: ['*'], except: [GLOB]}"])
def test_no_glob_takes_exponential_time_on_a_clients_model_name(folder: Path, glob: str, key: str) -> None:
    when = f"{{model: '{glob}', team: '{glob}', key_alias: '{glob}'}}"
    rule = f"{{name: r, kind: reject, message: x, when: {when}}}"
    (folder / "a.yaml").write_text(f"{HEAD}{key.replace('GLOB', repr(glob))}\nrules: [{rule}]\n")
    _finishes("model", folder, "a" * 50_000)


RUN = """
import sys
from prompt_policy import Facts, Pipeline, load_paths
what, folder, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = "a" * length
policies = load_paths([folder])
model, asked = (text, "Hi") if what == "model" else ("m", text)
for name in (model, model[:1000]):
    policies.select(name)
facts = Facts(model=model, team=text, key_alias=text)
body = {"model": model, "messages": [{"role": "user", "content": asked}]}
print(Pipeline(policies.policies[0]).apply(body, "chat", facts).refusal)
"""


def _finishes(what: str, folder: Path, text: str) -> None:
    """Run in a process of its own: what takes exponential time would not end."""
    command = [sys.executable, "-c", RUN, what, str(folder), str(len(text))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stdout == "None\n", done.stderr
