"""Middleware is listed where the application is made, the outermost first.

    app = FastAPI()                          app = FastAPI(
    app.add_middleware(Timing)          ->       middleware=[
    app.add_middleware(Auth, key=KEY)                Middleware(Auth, key=KEY),
                                                     Middleware(Timing),
                                                 ],
                                             )

It runs only if it is selected by its name: it is a matter of taste.

## Why

The list reads in the order in which a request meets them; `add_middleware` reads the other way round.

## Left alone

- Registrations under a condition or in a loop, in another function or module than `FastAPI(...)`, and all that come
  behind a function with `@app.middleware("http")`, which would be outside of those in the list otherwise.
- Registrations whose class or arguments are made below the application.
- Constructors that are given unpacked arguments, or a list that is not written there.

## Safety

Safe: the same middleware, made with the same arguments, in the same order.

See <https://fastapi.tiangolo.com/advanced/middleware/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, name_of_same
from ...edits.calls import arguments_of, change_arguments
from ...edits.lines import has_comment, indent_of, remove_statements, stands_alone, with_comments_above
from ...findings import Finding, Safety
from ...project import Assignment, Module, Project
from ...project.middlewares import Registration, Stack, stacks_of
from ...project.reader import bound_by
from ...source.nodes import walk

MIDDLEWARE = ("starlette.middleware.Middleware", "fastapi.middleware.Middleware")


class _Subject(NamedTuple):
    made: Assignment
    moved: tuple[Registration, ...]


class MiddlewareList(Codemod):
    safety = Safety.SAFE
    after = ("middleware-order", "pure-asgi-middleware")

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        for stack in stacks_of(project):
            added = [one for one in stack.registrations if one.how == "added"]
            made = _made(stack)
            if not added or made is None:
                continue
            result = _subject(project, stack, made)
            names = ", ".join(f"`{one.name}`" for one in reversed(added))
            yield self.finding(
                added[0].location,
                f"{names} of `{stack.receiver}` could be listed in its constructor",
                anchor=f"{stack.receiver}.add_middleware",
                left_alone=result if isinstance(result, str) else None,
                subject=result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.moved[0].module
            dotted = name_of_same(module, *MIDDLEWARE)
            assert dotted is not None
            cls = edits.name(module, dotted, finding)
            unit = indent_of(project, module)
            entries = []
            spans = []
            for one in reversed(subject.moved):
                arguments = ", ".join(arguments_of(module, one.positions, one.call))
                span = one.positions.span(one.statement)
                whole = with_comments_above(module, span)
                comments = "".join(f"{line.strip()}\n{unit}" for line in _lines(module, whole.start, span.start))
                entries.append(f"{comments}{cls}({arguments})")
                spans.append(whole)
            own = subject.made.call.argument("middleware")
            if own is not None:
                inner = module.code(own.span).strip()[1:-1].strip().removesuffix(",")
                entries += [inner] if inner else []
            value = f"[{', '.join(entries)}]"
            if "\n" in value or len(value) > project.style.line_length // 2:
                value = "[\n" + "".join(f"{unit}{entry},\n" for entry in entries) + "]"
            change_arguments(edits, module, subject.made.call, finding, values={"middleware": value})
            remove_statements(edits, module, spans, finding)


def _lines(module: Module, start: int, end: int) -> list[str]:
    return module.text[start:end].strip().splitlines()


def _made(stack: Stack) -> Assignment | None:
    """The one assignment that makes the application, in the same function as the registrations."""
    outside = [getattr(node, "name", "") for node in stack.registrations[0].outside]
    found = [
        made
        for made in stack.module.facts.assignments
        if made.target == stack.receiver and [scope.name for scope in made.scopes] == outside
    ]
    return found[0] if len(found) == 1 else None


def _subject(project: Project, stack: Stack, made: Assignment) -> _Subject | str:
    module = stack.module
    symbol = project.resolve(module, made.call.callee, made.scopes)
    if symbol is None or not project.derives_from(symbol, ("fastapi.FastAPI",)):
        return f"`{stack.receiver}` is made by something else than FastAPI"
    if made.conditional:
        return "the application is made under a condition"
    if made.call.unpacks or has_comment(module.code(made.call.span)):
        return "the constructor is not written plainly"
    own = made.call.argument("middleware")
    if own is not None and not re.match(r"[\[(]", module.code(own.span)):
        return "the constructor gets a list that is not written there"
    others = [
        other
        for other in stacks_of(project)
        if other is not stack and stack.application is not None and other.application == stack.application
    ]
    if others:
        return f"`{others[0].module.path}` registers middleware, too"
    moved: list[Registration] = []
    for one in stack.registrations:
        if one.how == "listed":
            continue
        if (reason := _reason_to_stay(one, made)) is not None:
            if not moved:
                return reason
            break  # what is added later stays outside of all that the constructor gets
        moved.append(one)
    if name_of_same(module, *MIDDLEWARE) is None:
        return f"`{module.path}` has another `Middleware`"
    return _Subject(made, tuple(moved))


def _reason_to_stay(one: Registration, made: Assignment) -> str | None:
    module, span = one.module, one.positions.span(one.statement)
    if one.how != "added":
        return f"`{one.name}` is a function, and what is added before it must stay inside of it"
    if one.around:
        return f"`{one.name}` is registered under a condition"
    if not stands_alone(module, span):
        return "another statement stands on the same line"
    if has_comment(module.code(span)):
        return "a comment stands in it"
    if (late := _made_late(one, made)) is not None:
        return f"`{late}` is made below the application"
    return None


def _made_late(one: Registration, made: Assignment) -> str | None:
    """A name of the registration that gets its value between the application and it."""
    module = one.module
    names = {node.id for node in walk(one.call) if isinstance(node, ast.Name)} - {made.target}
    start, end = made.call.span.end, one.positions.span(one.statement).start
    if one.outside:
        between = [node for node in one.block if start <= one.positions.span(node).start < end]
    else:
        between = [
            node
            for index, statement in enumerate(module.facts.statements)
            if start <= statement.start < end
            for node in module.tree(index).body
        ]
    return next((name for node in between for name, _ in bound_by(node) if name in names), None)
