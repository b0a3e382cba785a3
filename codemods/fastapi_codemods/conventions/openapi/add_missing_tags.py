"""A router has a tag if all others have one, made by the rule that theirs follow.

`APIRouter(prefix="/orders")` becomes `APIRouter(prefix="/orders", tags=["orders"])` where other routers are tagged with
the last part of their prefix.

## Why

The documentation groups operations by their first tag, and generated clients make a class of each group. What has no
tag ends up under "default", far from where anybody looks for it.

## Left alone

- Applications in which fewer than two routers are tagged, or more than three of ten are not.
- Tags that follow no rule which can be told from prefixes: somebody must name the tag.
- Projects that make operation ids of tags: every method of a generated client would get another name.
- Routers that are included more than once or make some of their tags themselves.

## Safety

A contract: the operations move to another group of the documentation and of generated clients. What they answer is the
same.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Call, Module, Project, Symbol
from ...project.routers import OwnRouter, reasons_against, routers_of
from ...project.tags import Include, includes_of, is_tagged, listed, reason_of_ids, root_of
from ...source.discovery import is_test

ENOUGH = 2
"""Routers that follow a rule."""
SHARE = 0.7
"""Of the tagged routers, from which on their rule is one."""
MOST_UNTAGGED = 0.3

_RULES: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda part: part,
    "capitalized": lambda part: part.capitalize(),
    "words": lambda part: re.sub(r"[-_]", " ", part),
    "title": lambda part: re.sub(r"[-_]", " ", part).title(),
    "sentence": lambda part: re.sub(r"[-_]", " ", part).capitalize(),
    "underscores": lambda part: part.replace("-", "_"),
    "hyphens": lambda part: part.replace("_", "-"),
    "upper": lambda part: part.upper(),
}


class _Untagged(NamedTuple):
    router: OwnRouter
    module: Module
    call: Call
    """What is to be given the tag: the router's constructor, or what includes it."""
    tag: str | None


class AddMissingTags(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        by_root: dict[object, list[OwnRouter]] = {}
        for router in routers_of(project):
            if not is_test(router.module.path) and _is_shown(router):
                by_root.setdefault(root_of(project, router), []).append(router)
        for routers in by_root.values():
            yield from self._among(project, routers)

    def _among(self, project: Project, routers: Sequence[OwnRouter]) -> Iterator[Finding]:
        untagged = [router for router in routers if not is_tagged(project, router)]
        tagged = [router for router in routers if router not in untagged]
        if not untagged or len(tagged) < ENOUGH or len(untagged) > max(1, MOST_UNTAGGED * len(routers)):
            return
        includes = {include.router: include for include in includes_of(project)}
        counts = Counter(include.router for include in includes_of(project))
        rule, on_router = _rule(project, tagged, includes)
        against = reasons_against(project, untagged, "tags") if on_router else {}
        ids = reason_of_ids(project)
        for index, router in enumerate(untagged):
            include = includes.get(router.symbol) if router.symbol is not None else None
            part = _part(project, router, include)
            if part is None:
                continue
            tag = _RULES[rule](part) if rule else None
            place = (router.module, router.made.call)
            if not on_router and include is not None:
                place = (include.module, include.at.call)
            reason = ids or against.get(index)
            if tag is None:
                reason = "the tags of the others follow no rule that can be told: somebody must name it"
            elif router.symbol is not None and counts[router.symbol] > 1:
                reason = "it is included more than once"
            elif any(operation.call.argument("tags") is not None for operation in router.operations):
                reason = "some of its routes have tags of their own"
            elif place[1].unpacks:
                reason = f"`{place[1].callee}` gets unpacked arguments"
            made = router.made
            yield self.finding(
                router.module.location(made.line, made.column, made.end_line),
                f"the routes of `{router.name}` have no tag, unlike those of {len(tagged)} other routers"
                + (f": `{tag}`, by the rule of the others" if tag else ""),
                anchor=f"{router.name}.tags",
                left_alone=reason,
                subject=_Untagged(router, *place, tag),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Untagged = finding.subject
            quote = "'" if item.module.code(item.call.span).count("'") > 1 else '"'
            values = {"tags": f"[{quote}{item.tag}{quote}]"}
            change_arguments(edits, item.module, item.call, finding, values=values)


def _is_shown(router: OwnRouter) -> bool:
    """Whether some route of it is in the documentation."""
    if router.made.call.argument("include_in_schema") is not None:
        return False
    return any(o.method != "websocket" and o.call.argument("include_in_schema") is None for o in router.operations)


def _part(project: Project, router: OwnRouter, include: Include | None) -> str | None:
    """What a router is about, by its prefix: `users` of `/api/v1/users/{user_id}`."""
    for module, call in ((router.module, router.made.call), *([(include.module, include.at.call)] if include else [])):
        given = call.argument("prefix")
        prefix = project.string(module, given.span) if given is not None else None
        parts = [
            part for part in (prefix or "").split("/") if part and "{" not in part and not _NO_SUBJECT.fullmatch(part)
        ]
        if parts:
            return parts[-1]
    return None


_NO_SUBJECT = re.compile(r"api|v\d+\w*|internal|public|admin")


def _rule(project: Project, tagged: Sequence[OwnRouter], includes: Mapping[Symbol, Include]) -> tuple[str | None, bool]:
    """By which rule tags are made of prefixes, and whether they stand at the routers."""
    fits: Counter[str] = Counter()
    on_router = on_include = seen = 0
    for router in tagged:
        include = includes.get(router.symbol) if router.symbol is not None else None
        own = listed(router.module, router.made.call) or ()
        given = (listed(include.module, include.at.call) or ()) if include is not None else ()
        part = _part(project, router, include)
        tags = [one.text for one in (*own, *given) if one.text is not None]
        on_router += bool(own)
        on_include += bool(given) and not own
        if part is None or not tags:
            continue
        seen += 1
        fits.update(name for name, rule in _RULES.items() if rule(part) == tags[0])
    number = max(fits.values(), default=0)
    name = next((name for name in _RULES if fits[name] == number), None) if number else None
    return (name if number >= ENOUGH and number >= SHARE * seen else None), on_router >= on_include
