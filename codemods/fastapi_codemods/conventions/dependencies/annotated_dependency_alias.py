"""A dependency that is asked for in several places has an alias.

`session: Annotated[Session, Depends(get_session)]`, written twice or more, becomes `session: SessionDep`, and
`SessionDep = Annotated[Session, Depends(get_session)]` stands below `get_session`, or in the module in which the
project keeps its aliases. An alias that exists already is used.

## Why

The type and its provider belong together and are said once: signatures get short, and another provider is put in at one
place. FastAPI's own guide writes dependencies that way.

## Left alone

- `Depends(Limiter(times=5))`: each parameter has an object of its own now, which may count for itself. The same goes
  for `max_concurrency`, whose limit would become shared.
- What is asked for once, and dependencies in the old style; `depends-to-annotated` comes first.
- Quoted types, types that are imported for type checkers alone, and what only a function knows: FastAPI looks them up
  where the function stands.
- `Annotated` with more in it than a type and its dependency.
- A function that stands above what it depends on, and modules that could import the alias only in a circle.
- Tests.

The name follows the project's aliases (`SessionDep`, `CurrentUser`, `SessionDepends`), and is `<Type>Dep` where it has
no habit, as in FastAPI's guide; of the provider (`CurrentUserDep`) where that says more.

## Safety

Safe: FastAPI sees the same type and the same dependency. Overrides in tests, caching and the order of dependencies stay
as they were.

See <https://fastapi.tiangolo.com/tutorial/dependencies/#share-annotated-dependencies>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.aliases import Meaning, Place, import_in, meaning, names_for, place_in, usual_home, write
from ...edits.models import reference
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.injected import Injected, aliases, injected
from ...project.operations import operations_of
from ...source.discovery import is_test
from ...source.nodes import walk

FEWEST = 2
"""Below this many an alias saves nothing."""

_HARMLESS = frozenset({"dependency", "scope", "scopes", "use_cache"})


class _Member(NamedTuple):
    """One parameter that could be annotated with the alias."""

    injected: Injected
    said: Meaning | None
    reason: str | None


class _Subject(NamedTuple):
    one: Injected
    said: Meaning
    name: str
    source: str | None
    """The module that the alias is imported from; None where it is there already."""
    place: Place | None
    """None for an alias that exists."""


class AnnotatedDependencyAlias(Codemod):
    safety = Safety.SAFE

    after = ("depends-to-annotated", "unused-dependency-to-decorator")

    def find(self, project: Project) -> Iterator[Finding]:
        groups: dict[str, list[_Member]] = {}
        for one in injected(project):
            if one.form == "annotated" and not is_test(one.module.path):
                key, member = _read(project, one)
                groups.setdefault(key, []).append(member)
        if not groups:
            return
        existing = _existing(project)
        taken: set[_Taken] = set()
        for key, members in groups.items():
            if len(members) >= FEWEST or key in existing:
                for member, outcome in _outcomes(project, members, existing.get(key), taken):
                    yield self._finding(member, len(members), outcome)

    def _finding(self, member: _Member, number: int, outcome: _Subject | str) -> Finding:
        one = member.injected
        parameter = one.parameter
        assert parameter.annotation is not None
        written = " ".join(one.module.code(parameter.annotation).split())
        times = f"stands {number} times" if number > 1 else "is written out"
        instead = f"`{outcome.name}`" if isinstance(outcome, _Subject) and outcome.place is None else "an alias"
        return self.finding(
            one.module.location(parameter.line, parameter.column, parameter.end_line),
            f"`{written}` {times} instead of {instead}, here for `{parameter.name}` of `{one.function.name}`",
            anchor=f"{one.function.qualified_name}.{parameter.name}",
            left_alone=outcome if isinstance(outcome, str) else None,
            subject=None if isinstance(outcome, str) else outcome,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            module, annotation = subject.one.module, subject.one.parameter.annotation
            assert annotation is not None
            edits.replace(module, annotation, subject.name, finding)
            if subject.place is not None:
                write(edits, subject.place, subject.name, finding)
            if subject.source is not None:
                edits.import_name(module, subject.source, subject.name.partition(".")[0], finding)
            for head in dict.fromkeys(name.partition(".")[0] for name, _ in subject.said.names):
                if head in module.imports:
                    edits.drop_import(module, head, finding)


def _read(project: Project, one: Injected) -> tuple[str, _Member]:
    """What a parameter means, by a key that all of its kind have."""
    assert one.parameter.annotation is not None
    said = meaning(project, one.module, one.parameter.annotation, one.function.scopes)
    if isinstance(said, str):
        written = "".join(one.module.code(one.parameter.annotation).split())
        return f"{one.module.path} {written}", _Member(one, None, said)
    reason = _reason(one, said)
    return said.key, _Member(one, said, reason)


def _reason(one: Injected, said: Meaning) -> str | None:
    """Why a dependency must not be shared."""
    if len(said.parts) != 2:
        return "it says more than a type and its dependency"
    call = one.marker.call
    for keyword in call.keywords:
        if keyword.arg == "max_concurrency":
            return "its `max_concurrency` limit would become shared"
        if keyword.arg not in _HARMLESS:
            return f"`{keyword.arg or '**'}` may count for each parameter"
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if any(isinstance(part, ast.Call | ast.Lambda | ast.Await) for part in walk(value)):
            return f"`{ast.unparse(value)}` makes an object for each parameter, which may count for itself"
    module = one.module
    for name, _ in said.names:
        head = name.partition(".")[0]
        bound = [binding for binding in module.bindings(head) if binding.kind != "import"]
        if len(bound) > 1:
            return f"`{head}` is bound more than once in {module.path}"
    return None


def _existing(project: Project) -> dict[str, Place]:
    """The aliases that there are, by what they mean; of two that mean the same none."""
    found: dict[str, list[tuple[Symbol, Place]]] = {}
    for alias in aliases(project):
        said = meaning(project, alias.module, alias.annotation, ())
        if not isinstance(said, str) and len(said.parts) == 2 and not is_test(alias.module.path):
            place = Place(alias.module, alias.statement)
            found.setdefault(said.key, []).append((alias.symbol, place))
    return {key: some[0][1] for key, some in found.items() if len(some) == 1}


def _outcomes(
    project: Project, members: Sequence[_Member], existing: Place | None, taken: set[_Taken]
) -> Iterator[tuple[_Member, _Subject | str]]:
    """For each parameter what it becomes, or why it stays."""
    able = [member for member in members if member.reason is None]
    if existing is None and len(able) < FEWEST:
        alone = "it is the only one that could have an alias"
        yield from ((member, member.reason or alone) for member in members)
        return
    found = _of_existing(project, able, existing) if existing is not None else _of_new(project, able, taken)
    for member in members:
        if member.reason is not None:
            yield member, member.reason
        else:
            yield member, found[member.injected.place, member.injected.parameter.start]


_Found = dict[tuple[str, int], _Subject | str]
_Taken = tuple[str, str]
"""The path of a module, and a name that an alias will have there."""


def _of_existing(project: Project, members: Sequence[_Member], place: Place) -> _Found:
    name = next(
        a.symbol for a in aliases(project) if (a.module.path, a.statement) == (place.home.path, place.statement)
    )
    found: _Found = {}
    for member in members:
        one, said = member.injected, member.said
        assert said is not None
        key = one.place, one.parameter.start
        named = reference(project, one.module, name)
        if named is not None and named.request is None:
            head = named.expression.partition(".")[0]
            below = any(binding.statement >= one.function.statement for binding in one.module.bindings(head))
            if below or any(head in scope.names for scope in one.function.scopes):
                found[key] = f"`{named.expression}` is not known where the function stands"
            else:
                found[key] = _Subject(one, said, named.expression, None, None)
            continue
        source, reason = import_in(project, one.module, place, one.function.statement)
        if reason is None and not _is_shared(project, one, place.home):
            reason = f"the alias is that of {place.home.path}, which is no module of dependencies"
        if reason is None and not _is_free(one.module, name.name):
            reason = f"`{name.name}` means something else in {one.module.path}"
        found[key] = reason or _Subject(one, said, name.name, source, None)
    return found


def _is_shared(project: Project, one: Injected, home: Module) -> bool:
    """Whether aliases of a module are for others: it is the provider's, the usual one, or one that registers no routes.

    A router that imports its alias from another router would depend on it for nothing else.
    """
    provider = one.marker.provider
    if home.path == one.module.path or (provider is not None and provider.path == home.path):
        return True
    return home is usual_home(project) or all(o.module.path != home.path for o in operations_of(project))


def _of_new(project: Project, members: Sequence[_Member], taken: set[_Taken]) -> _Found:
    best: _Found = {}
    chosen: set[_Taken] = set()
    most = -1
    for homes in _candidates(project, members):
        found: _Found = {}
        names: set[_Taken] = set()
        for home, own in homes:
            # Of several homes each has an alias of its own, which may have the same name.
            found.update(_in_home(project, home, own, taken, names))
        able = sum(not isinstance(outcome, str) for outcome in found.values())
        if able > most:
            best, most, chosen = found, able, names
        if able == len(members):
            break
    taken |= chosen
    return best


def _candidates(project: Project, members: Sequence[_Member]) -> Iterator[list[tuple[Module, Sequence[_Member]]]]:
    """Homes to try, the best first: the usual one, that of the provider, and last each module for itself."""
    usual = usual_home(project)
    if usual is not None:
        yield [(usual, members)]
    provider = members[0].injected.marker.provider
    home = project.module(provider.path) if provider is not None and provider.path is not None else None
    if home is not None and not is_test(home.path):
        yield [(home, members)]
    by_module: dict[str, list[_Member]] = {}
    for member in members:
        by_module.setdefault(member.injected.module.path, []).append(member)
    yield [(own[0].injected.module, own) for own in by_module.values()]


def _in_home(
    project: Project, home: Module, members: Sequence[_Member], taken: set[_Taken], names: set[_Taken]
) -> _Found:
    """What becomes of parameters if the alias stands in that module."""
    first = members[0].said
    assert first is not None
    place = place_in(project, home, first)
    found: _Found = {}
    for member in members:
        one, said = member.injected, member.said
        assert said is not None
        key = one.place, one.parameter.start
        if isinstance(place, str):
            found[key] = place
            continue
        source, reason = import_in(project, one.module, place, one.function.statement)
        found[key] = reason or _Subject(one, said, "", source, place)
    able = [outcome for outcome in found.values() if isinstance(outcome, _Subject)]
    modules = {home.path: home, **{outcome.one.module.path: outcome.one.module for outcome in able}}
    if len(able) < FEWEST:
        alone = "it is the only one that could have the alias"
        return {key: alone if isinstance(outcome, _Subject) else outcome for key, outcome in found.items()}
    free = [
        name
        for name in names_for(project, able[0].one.marker)
        if all((path, name) not in taken and _is_free(module, name) for path, module in modules.items())
    ]
    # Best one that no other alias of the project has.
    elsewhere = {name for _, name in taken}
    name = next((name for name in free if name not in elsewhere), next(iter(free), None))
    if name is None:
        none_left = "no name is left for the alias"
        return {key: none_left if isinstance(outcome, _Subject) else outcome for key, outcome in found.items()}
    names |= {(path, name) for path in modules}
    return {
        key: outcome._replace(name=name) if isinstance(outcome, _Subject) else outcome for key, outcome in found.items()
    }


def _is_free(module: Module, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", module.text) is None
