"""Select the policy for a model: by its explicit name, or by the most specific matching glob."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from prompt_policy.errors import UsageError, did_you_mean
from prompt_policy.policy.fingerprint import Fingerprint
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.families import Family, names_distillation, read_families
from prompt_policy.policy.names.globs import Glob, parse_glob
from prompt_policy.policy.names.name import ModelName, parse_model_name
from prompt_policy.policy.names.spelling import normalise_segment
from prompt_policy.policy.source_map import SourceMap
from prompt_policy.wire.backends import list_providers

log = logging.getLogger("prompt_policy")

MAX_NAME_CHARS: Final = 1000
"""Length to which a model name is cut: clients may send names of any length, and results are cached by name."""

# LiteLLM sends all requests for `openai/responses/m` to this endpoint.
_ENDPOINT_PREFIXES: Final = ("responses/", "chat_completions/")


@dataclass(frozen=True, slots=True)
class Selected:
    """The policy that applies to a model, and the reason, as a clause for the log."""

    policy: Policy
    reason: str


class _Rank(NamedTuple):
    """Sorts the best match first. ``is_wild``: not an exact name; ``is_normal``: only the normalised name matches."""

    is_wild: bool
    missing_literals: int
    is_normal: bool
    policy: str
    glob: str


class _Row(NamedTuple):
    """A glob of a policy.

    ``part`` occurs in every matching name: it is the literal part of the glob that the fewest other globs contain.
    ``families`` are those that the glob names; ``derived`` holds its words that mark a derived model.
    """

    part: str
    matches: Callable[[str], bool]
    exceptions: tuple[tuple[Glob, bool], ...]
    rank: _Rank
    has_slash: bool
    families: tuple[Family, ...]
    derived: frozenset[str]
    names_distillation: bool


class _Choice(NamedTuple):
    """The result for a name. ``is_final``: the name itself says that no policy applies, whatever its alias is."""

    selected: Selected | None
    is_final: bool


class PolicySet:
    """Policies that are loaded together. Immutable.

    Arguments:
        policies: the policies; their names are unique.
        files: the file of each policy, by the policy's name.
        fingerprints: the fingerprint of every file that was read, taken before it was read.
        source_maps: where the parts of each policy are defined, by the policy's name.

    Policies that were not loaded from files have neither files nor source maps.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        files: Mapping[str, Path] | None = None,
        fingerprints: Mapping[Path, Fingerprint | None] | None = None,
        source_maps: Mapping[str, SourceMap] | None = None,
    ) -> None:
        self.policies = tuple(policies)
        self.files = files or {}
        self.fingerprints = fingerprints or {}
        self.source_maps = source_maps or {}
        self._by_name = {policy.name: policy for policy in self.policies}
        self._rows = tuple(_build_rows(self.policies))
        self._by_model = lru_cache(maxsize=4096)(self._select_by_name)

    def __reduce__(self) -> tuple[type[PolicySet], tuple[object, ...]]:
        """Pickle what the set was created from; the receiving process parses the globs again."""
        return type(self), (self.policies, self.files, self.fingerprints, self.source_maps)

    def activate_profiles(self, profiles: Collection[str]) -> PolicySet:
        """Return these policies with the rules of some profiles active. A profile that no rule has is logged."""
        if not profiles:
            return self
        known = {rule.profile for policy in self.policies for rule in policy.rules if rule.profile is not None}
        for name in profiles:
            if name not in known:
                log.warning("profile %s: no rule has it%s", name, did_you_mean(name, sorted(known)))
        activated = [policy.activate_profiles(profiles) for policy in self.policies]
        return PolicySet(activated, self.files, self.fingerprints, self.source_maps)

    def get(self, name: str) -> Policy:
        """Return the policy with a name. Raise UsageError if there is no such policy."""
        if (policy := self._by_name.get(name)) is None:
            raise UsageError(f"no policy is named '{name}'{did_you_mean(name, list(self._by_name))}")
        return policy

    def select(self, model: str, alias: str | None = None) -> Selected | None:
        """Return the policy that applies to a model, or None.

        A glob is compared with the name as written, without LiteLLM's provider prefix, and without hub addresses and
        cache folders. A glob with a wildcard and without a slash is also compared with the segment that names the
        model, as written and normalised. A glob that names a model family, such as ``*Qwen3-*``, is compared with that
        segment only: the last one in which a family is named, or the last. An exact name is never normalised.

        Exceptions are compared with that segment and those below it; an exception with a slash, with the whole name.

        A glob that names a family does not match names of derived models, such as bases, reward models, drafts and
        adapters, unless it contains their word. It matches a name of two families only if it names the first, or the
        words of distillation if these separate both families.

        Arguments:
            model: the name of the model at its provider, with or without LiteLLM's provider prefix.
            alias: the public name of the deployment; used if ``model`` matches no policy.
        """
        choice = self._by_model(model[:MAX_NAME_CHARS])
        if choice.selected is None and not choice.is_final and alias and alias != model:
            by_alias = self._by_model(alias[:MAX_NAME_CHARS]).selected
            if by_alias is not None:
                return Selected(by_alias.policy, by_alias.reason.replace("its name", f"its alias {alias}", 1))
        return choice.selected

    def _select_by_name(self, model: str) -> _Choice:
        name = parse_model_name(model.casefold(), strip_provider(model).casefold())
        text = name.text
        matching = [(row, rank) for row in self._rows if row.part in text and (rank := _match(row, name)) is not None]
        ranks = sorted(rank for row, rank in matching if _find_refusal(row, name) is None)
        if not ranks:
            for row, _rank in matching[:1]:
                log.warning("model %r: policy %s does not apply, because %s; bind a policy, or add the name to one",
                            model, row.rank.policy, _find_refusal(row, name))  # fmt: skip
            return _Choice(None, bool(matching))
        best = ranks[0]
        equal = sorted({rank.policy for rank in ranks if rank[:3] == best[:3]})
        if len(equal) > 1:
            log.warning("model %r: policies %s match equally well; using %s", model, ", ".join(equal), best.policy)
        refused = {row.rank.policy for row, _rank in matching} - {rank.policy for rank in ranks}
        if refused and len(name.reading.families) > 1:
            base, other = name.reading.families[:2]
            log.warning("model %r: named after %s and %s; using policy %s", model, base, other, best.policy)
        read = f", read as {name.normal}," if best.is_normal else ""
        return _Choice(Selected(self._by_name[best.policy], f"its name{read} matches {best.glob}"), is_final=True)


def strip_provider(model: str) -> str:
    """Return a model name without LiteLLM's provider prefix, and without the endpoint that may follow that prefix."""
    provider = find_provider(model)
    if provider is None:
        return model
    rest = model[len(provider) + 1 :]
    endpoint = next((prefix for prefix in _ENDPOINT_PREFIXES if rest.startswith(prefix)), "")
    return rest.removeprefix(endpoint) or rest


def find_provider(model: str) -> str | None:
    """Return LiteLLM's provider prefix of a model name in lower case, or None."""
    provider, slash, _rest = model.partition("/")
    return provider.casefold() if slash and provider.casefold() in list_providers() else None


def _build_rows(policies: Iterable[Policy]) -> Iterator[_Row]:
    applying = [(policy.name, policy.applies_to) for policy in policies if policy.applies_to is not None]
    globs = {text: parse_glob(text) for _name, to in applying for text in (*to.models, *to.except_)}
    shared = Counter(part for _name, to in applying for text in to.models for part in globs[text].parts)
    for name, to in applying:
        exceptions = tuple((globs[text], "/" in text) for text in to.except_)
        for text in to.models:
            wild = "*" in text or "?" in text or "[" in text
            literal = len(text) - sum(map(text.count, "*?[]"))
            parts, matches = globs[text]
            part = min(parts, key=lambda part: (shared[part], -len(part)), default="")
            rank = _Rank(wild, -literal, False, name, text)
            folded = text.casefold().rpartition("/")[2]
            reading = read_families(normalise_segment(folded))
            yield _Row(part, matches, exceptions, rank, "/" in text, reading.families, reading.derived,
                       names_distillation(folded))  # fmt: skip


def _match(row: _Row, name: ModelName) -> _Rank | None:
    """Return how well a row matches a model's name, or None."""
    is_segment = row.rank.is_wild and not row.has_slash
    written = name.wholes if not (is_segment and row.families) else ()
    if any(map(row.matches, written)) or (is_segment and row.matches(name.written)):
        rank = row.rank
    elif row.rank.is_wild and row.matches(name.normal if is_segment else name.path):
        rank = row.rank._replace(is_normal=True)
    else:
        return None
    for glob, has_slash in row.exceptions:
        if any(map(glob.matches, (*name.wholes, name.path) if has_slash else name.tail)):
            return None
    return rank


def _find_refusal(row: _Row, name: ModelName) -> str | None:
    """Return why a row that matches is not meant for the model, as a clause, or None.

    Exact names, and globs that name no family, are meant for every name that they match.
    """
    if not row.rank.is_wild or not row.families:
        return None
    reading = name.reading
    if derived := sorted(reading.derived - row.derived):
        return f"'{derived[0]}' in its name marks a derived model"
    if not reading.families or (reading.is_distilled and row.names_distillation):
        return None
    if reading.is_distilled or not any(family.includes(reading.families[0]) for family in row.families):
        return f"its name is that of {' and '.join(map(str, reading.families))}"
    return None
