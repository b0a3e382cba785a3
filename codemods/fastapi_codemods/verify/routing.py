"""Routes, dependencies, middleware, handlers and lifespan of two applications compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .model import Difference

Route = Mapping[str, Any]
Description = Mapping[str, Any]


class Pairing:
    """Which route after is which route before: by methods and path, then by name, then in order."""

    def __init__(self, before: Sequence[Route], after: Sequence[Route]) -> None:
        self.before, self.after = before, after
        self.pairs: list[tuple[int, int]] = []
        by_key: dict[str, list[int]] = {}
        for number, route in enumerate(after):
            by_key.setdefault(key_of(route), []).append(number)
        groups: dict[str, list[int]] = {}
        for number, route in enumerate(before):
            groups.setdefault(key_of(route), []).append(number)
        for key, mine in groups.items():
            theirs = by_key.get(key, [])
            for by_name in (True, False):
                for number in list(mine):
                    for other in theirs:
                        if not by_name or before[number]["name"] == after[other]["name"]:
                            self.pairs.append((number, other))
                            mine.remove(number)
                            theirs.remove(other)
                            break
        self.forth = dict(self.pairs)
        self.back = {other: number for number, other in self.pairs}

    @property
    def gone(self) -> list[Route]:
        return [route for number, route in enumerate(self.before) if number not in self.forth]

    @property
    def new(self) -> list[Route]:
        return [route for number, route in enumerate(self.after) if number not in self.back]


def key_of(route: Route) -> str:
    """`GET /users/{}`: what parameters are called decides nothing."""
    return f"{','.join(route['methods']) or route['kind']} {re.sub('{[^}:]*', '{', route['path'])}"


def name_of(route: Route) -> str:
    methods = [method for method in route["methods"] if method != "HEAD" or len(route["methods"]) == 1]
    return f"{','.join(methods) or ('WEBSOCKET' if 'Socket' in route['kind'] else 'MOUNT')} {route['path'] or '/'}"


def compare_descriptions(before: Description, after: Description) -> tuple[list[Difference], list[str]]:
    """What differs, and notes on what differs without being part of the contract."""
    pairing = Pairing(before["routes"], after["routes"])
    differences = [Difference("route", name_of(route), "the route is gone", "there", None) for route in pairing.gone]
    differences += [Difference("route", name_of(route), "a new route", None, "there") for route in pairing.new]
    notes: list[str] = []
    for number, other in pairing.pairs:
        route = before["routes"][number]
        differences += _route_differences(route, after["routes"][other])
        notes += _route_notes(route, after["routes"][other])
    differences += _decisions(before, after, pairing)
    if before["middleware"] != after["middleware"]:
        differences.append(
            Difference(
                "middleware",
                "application",
                _list_change(before["middleware"], after["middleware"], "middleware"),
                _listed(before["middleware"]),
                _listed(after["middleware"]),
            )
        )
    differences += _handlers(before["handlers"], after["handlers"])
    differences += _lifespan(before["lifespan"], after["lifespan"])
    return differences, notes


def _route_differences(old: Route, new: Route) -> Iterator[Difference]:
    where = name_of(old)
    if old["name"] != new["name"]:
        yield Difference("client", where, "another name (operation id, url_for)", old["name"], new["name"])
    told = {
        "kind": "another kind of route",
        "status": "another status code",
        "response_class": "another response class",
        "response_model": "another response model",
        "in_schema": "other visibility in OpenAPI",
        "model_options": "other options of the response model",
    }
    if not old.get("in_schema"):
        told |= {"parameters": "other parameters"}
    for key, what in told.items():
        if old.get(key) != new.get(key):
            if key == "kind" and {old["kind"], new["kind"]} & {"Mount", "Host"} == set():
                continue  # a project's own subclass of APIRoute shows in what it does
            yield Difference("route", where, what, _text(old.get(key)), _text(new.get(key)))
    yield from dependency_differences(where, old.get("dependencies") or [], new.get("dependencies") or [])


def dependency_differences(
    where: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    """One that was lost has nothing after, whatever came in its place."""
    mine, theirs = Counter(use["name"] for use in old), Counter(use["name"] for use in new)
    for name in mine - theirs:
        yield Difference("dependency", where, f"it depends on {name} no longer", name, None)
    for name in theirs - mine:
        yield Difference("dependency", where, f"it depends on {name} now", None, name)
    if mine != theirs:
        return
    if [use["name"] for use in old] != [use["name"] for use in new]:
        order = (", ".join(use["name"] for use in side) for side in (old, new))
        yield Difference("dependency", where, "its dependencies come in another order", *order)
        return
    for one, other in zip(old, new, strict=True):
        for key, what in (("scopes", "security scopes"), ("scope", "scope"), ("use_cache", "use of the cache")):
            if one.get(key) != other.get(key):
                yield Difference(
                    "dependency",
                    where,
                    f"{one['name']} has other {what}" if key != "use_cache" else f"{one['name']} has another {what}",
                    _text(one.get(key)) or "none",
                    _text(other.get(key)) or "none",
                )


def _route_notes(old: Route, new: Route) -> Iterator[str]:
    where = name_of(old)
    if old.get("endpoint") != new.get("endpoint"):
        yield f"{where} is handled by {new.get('endpoint')}, before by {old.get('endpoint')}."
    if old.get("async") != new.get("async"):
        yield f"{where} is {'a coroutine' if new.get('async') else 'a plain function'} now."


def _decisions(before: Description, after: Description, pairing: Pairing) -> Iterator[Difference]:
    """Each pair of routes that changed places is told once, with one path."""
    told: set[tuple[Any, Any]] = set()
    for path, decided in before["decisions"].items():
        mine, theirs = _by_method(decided), _by_method(after["decisions"].get(path, {}))
        for method, winner in mine.items():
            other = theirs.get(method)
            if winner == other and not winner.isdigit():
                continue
            if winner.isdigit():
                number = int(winner)
                if number not in pairing.forth:
                    continue  # the route is gone, which was said
                if other == str(pairing.forth[number]):
                    continue
            elif other is not None and other.isdigit() and int(other) not in pairing.back:
                continue  # a new route, which was said
            elif {winner, other} <= {"405", "404", "redirect", None} and (pairing.gone or pairing.new):
                continue
            if (winner, other) in told:
                continue
            told.add((winner, other))
            old, new = _winner(before["routes"], winner), _winner(after["routes"], other)
            yield Difference("order", f"{method} {path}", f"it is answered by {new}, before by {old}", old, new)


def _by_method(decided: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {method: winner for winner, methods in decided.items() for method in methods}


def _winner(routes: Sequence[Route], winner: str | None) -> str:
    if winner is None:
        return "nothing"
    if not winner.isdigit():
        return {"405": "405 (method not allowed)", "404": "404 (not found)", "redirect": "a redirect"}[winner]
    route = routes[int(winner)]
    return f"{route['path'] or '/'} ({route['endpoint']})"


def _handlers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        mine, theirs = old.get(name), new.get(name)
        if mine is None or theirs is None:
            what = "there is an exception handler now" if mine is None else "there is no exception handler any more"
        elif mine["own"] != theirs["own"] or (not mine["own"] and mine["name"] != theirs["name"]):
            what = "another exception handler"
        else:
            continue
        yield Difference("handler", name, what, mine and mine["name"], theirs and theirs["name"])


def _lifespan(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for phase in ("startup", "shutdown"):
        mine, theirs = old[phase] or old["contexts"], new[phase] or new["contexts"]
        if bool(mine) != bool(theirs):
            what = f"nothing is done at {phase} any more" if mine else f"something is done at {phase} now"
            yield Difference("lifespan", "application", what, _listed(mine) or None, _listed(theirs) or None)
        elif not new["contexts"] and Counter(old[phase]) - Counter(new[phase]) and not old["contexts"]:
            lost = Counter(old[phase]) - Counter(new[phase])
            came = Counter(new[phase]) - Counter(old[phase])
            if sum(lost.values()) > sum(came.values()):
                yield Difference(
                    "lifespan",
                    "application",
                    f"{', '.join(lost)} is called at {phase} no longer",
                    _listed(old[phase]),
                    _listed(new[phase]),
                )
        elif (
            not new["contexts"]
            and not old["contexts"]
            and old[phase] != new[phase]
            and Counter(old[phase]) == Counter(new[phase])
        ):
            what = f"the handlers of {phase} are called in another order"
            yield Difference("lifespan", "application", what, _listed(old[phase]), _listed(new[phase]))


def _list_change(old: Sequence[str], new: Sequence[str], noun: str) -> str:
    lost, came = Counter(old) - Counter(new), Counter(new) - Counter(old)
    if not lost and not came:
        return f"the {noun} comes in another order"
    parts = [f"{name.partition('(')[0]} is gone" for name in lost] + [
        f"{name.partition('(')[0]} is new" for name in came
    ]
    if [name.partition("(")[0] for name in lost] == [name.partition("(")[0] for name in came]:
        parts = [f"{name.partition('(')[0]} has other options" for name in lost]
    return f"{noun}: " + ", ".join(parts)


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items)


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)
