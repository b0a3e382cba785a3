"""Why nothing of a router is moved, whatever its routes are: code elsewhere looks at the router or at its routes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from ....project import Module, Project, Symbol
from ....project.model import Function
from ....project.reader import dotted
from ....project.references import uses
from ....source.statements import blanked
from .candidates import Candidate
from .factories import closure_of

_ROUTER_ARGUMENTS = frozenset({"prefix", "tags", "dependencies", "responses", "deprecated", "include_in_schema"})
"""What a router adds to the routes of the routers that it includes just as to its own."""


def reason_against_the_router(project: Project, module: Module, candidate: Candidate) -> str | None:
    assignment, name = candidate.assignment, candidate.assignment.target
    symbol = project.resolve(module, assignment.call.callee)
    if symbol is None or symbol.path is not None:
        return f"`{name}` is made by `{assignment.call.callee}`, whose routers may be special ones too"
    if assignment.scopes:
        if name in assignment.scopes[0].rebound:
            return f"`{name}` is bound more than once in `{assignment.scopes[0].name}()`"
    elif len(module.bindings(name)) != 1:
        return f"`{name}` is bound more than once in `{module.path}`"
    if candidate.is_router:
        if assignment.call.unpacks:
            return f"`{name}` is given arguments that are not known"
        for argument in assignment.call.arguments:
            if argument.name not in _ROUTER_ARGUMENTS:
                return f"`{name}` is given `{argument.name or 'an argument'}`, which its parts would need too"
    if (place := _place_that_lists(project, module)) is not None:
        return f"{place} lists the modules that are shipped, and new ones would be missing"
    if (walk := _walk_that_sees(project, Symbol(module.path, name), is_router=candidate.is_router)) is not None:
        if walk.attribute == "route_class":
            return f"`{walk.attribute}` is set or read in {walk.place}, and included routers do not inherit it"
        return f"`routes` is looked at in {walk.place}, where included routers may look different"
    if candidate.is_router and assignment.call.argument("prefix") is not None:
        # A router that is included by one with a prefix lacks that in `scope["route"].path`.
        place = next((f"{path}:{line}" for path, line in _places_of(project, _SCOPE_ROUTE, "scope")), None)
        if place is not None:
            return f"`scope['route']` is looked at in {place}, and its path would lack the prefix of `{name}`"
    if assignment.scopes:
        node = module.tree(assignment.statement)
        if any(isinstance(n, ast.Attribute) and dotted(n) == f"{name}.router" for n in ast.walk(node)):
            return f"`{name}.router` is used in `{assignment.scopes[0].name}()`"
        return None
    for use in uses(project, [Symbol(module.path, name)])[Symbol(module.path, name)]:
        if use.kind == "attribute" and use.member == "router":
            return f"`{name}.{use.member}` is used in {use.place}"
    return None


def _place_that_lists(project: Project, module: Module) -> str | None:
    """The file that names single modules or packages to be shipped: `COPY main.py .`, `py-modules = ["main"]`."""
    folder, _, file = module.path.rpartition("/")
    for place in dict.fromkeys(("", f"{folder}/" if folder else "")):
        for name in ("pyproject.toml", "setup.py", "setup.cfg", "Dockerfile", "Containerfile"):
            with suppress(OSError, UnicodeDecodeError):
                text = (project.root / f"{place}{name}").read_text("utf-8")
                if name.endswith("file"):
                    found = re.search(rf"^(?:COPY|ADD)\s.*(?<![\w.-]){re.escape(file)}\b", text, re.MULTILINE)
                else:
                    found = re.search(r"\bpy[-_]modules\s*=", text) or (
                        re.search(r"""^\s*packages\s*=\s*\[\s*["']""", text, re.MULTILINE)
                        if "setuptools" in text and folder
                        else None
                    )
                if found:
                    return f"{place}{name}:{text.count(chr(10), 0, found.start()) + 1}"
    return None


# `get_openapi(routes=app.routes)`, as FastAPI's documentation has it, knows included routers.
_WALKS = re.compile(r"\.(?:routes|route_class)\b")
_OWNER = re.compile(r"(?<![\w.])(?<!routes=)(?<!routes = )(?:\w+\.)*\w+\Z")
_IMPORT = re.compile(r"\s*(?:from|import)\b")


class _Walk(NamedTuple):
    """A place where code looks at the routes of something, `app.router.routes`."""

    place: str
    receiver: str
    attribute: str
    symbol: Symbol | None
    """What the receiver is, where that is known."""


def _walk_that_sees(project: Project, router: Symbol, *, is_router: bool) -> _Walk | None:
    """The place that walks through the routes of the router; of an application, the first that may mean it.

    What `app.routes` holds of a router that is included does not depend on what that includes in turn.
    """
    routers = {Symbol(module.path, assignment.target) for module, assignment in project.instances("fastapi.APIRouter")}
    for walk in project.remembered("split-router: walks", lambda: list(_walks(project))):
        if walk.symbol is not None and walk.symbol.path is not None and "." not in walk.symbol.name:
            if walk.symbol == router or not (is_router or walk.symbol in routers):
                return walk
            continue
        around, _, last = walk.receiver.rpartition(".")
        of_application = last == "router" and around.rpartition(".")[2].endswith(("app", "application"))
        if not is_router or (last == router.name and not of_application):
            return walk
    return None


_SCOPE_ROUTE = re.compile(r"""\bscope\s*(?:\[\s*|\.\s*get\s*\(\s*)["']route["']""")


def _places_of(project: Project, pattern: re.Pattern[str], word: str) -> Iterator[tuple[str, int]]:
    for module in project.modules():
        if word in module.text and (match := pattern.search(module.text)) is not None:
            yield module.path, module.text.count("\n", 0, match.start()) + 1


def _walks(project: Project) -> Iterator[_Walk]:
    for module in project.modules():
        if ".route" not in module.text:
            continue
        code = blanked(module.text)
        for match in _WALKS.finditer(code):
            start = code.rfind("\n", 0, match.start()) + 1
            owner = _OWNER.search(code, start, match.start())
            if owner is not None and not _IMPORT.match(code, start):
                line = module.text.count("\n", 0, match.start()) + 1
                receiver, attribute = owner.group(), match.group().lstrip(".")
                yield _Walk(f"{module.path}:{line}", receiver, attribute, project.resolve(module, receiver))


def why_not_out_of(module: Module, factory: str, receiver: str, handlers: Sequence[Function]) -> str:
    for handler in handlers:
        if local := closure_of(module, handler, receiver):
            names = " and ".join(f"`{name}`" for name in sorted(local))
            return (
                f"handler `{handler.name}` closes over {names} of `{factory}()`, which a router at module level lacks"
            )
    return f"the handlers are made whenever `{factory}()` is called; move them to routers at module level by hand"
