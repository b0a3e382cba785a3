"""How handlers and dependencies declare what they take and give."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .model import Observation, Place


def parameter_style(evidence: Evidence) -> Iterator[Observation]:
    for marked in evidence.marked:
        yield "Annotated" if marked.is_annotated else "default value", marked.place


def alias_names(evidence: Evidence) -> Iterator[Observation]:
    for mention, name in evidence.aliases.values():
        if mention.symbol.name in ("fastapi.Depends", "fastapi.Security"):
            statement = mention.module.facts.statements[mention.text.statement(mention.start)]
            yield _alias_style(name), Place(mention.module.path, statement.line)


def _alias_style(name: str) -> str:
    if name == name.lower():
        return "lower_case"
    for suffix in ("Depends", "Dependency", "Dep"):
        if name.endswith(suffix):
            return f"<Type>{suffix}"
    return "<Type>"


def declared_responses(evidence: Evidence) -> Iterator[Observation]:
    for module, function, routes in evidence.handlers:
        if all(route.is_websocket for route in routes):
            continue
        models = [given for route in routes if (given := route.call.argument("response_model"))]
        if any(routes[0].module.code(given.span) == "None" for given in models):
            continue  # says that there is none
        if models and function.returns is not None:
            yield "response_model and return annotation", Place(module.path, function.line)
        elif models:
            yield "response_model", Place(module.path, function.line)
        elif function.returns is not None:
            yield "return annotation", Place(module.path, function.line)
