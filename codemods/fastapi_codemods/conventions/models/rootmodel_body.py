"""A body that is a list or a dict is declared as one, not as a `RootModel`.

## Why

`RootModel[list[Item]]` needs a class with a `root` to reach through, in the handler and in every test. FastAPI takes
`list[Item]` as it is and validates it the same way; `Annotated[list[Item], Field(min_length=1), Body()]` says the rest.
FastAPI's own style guide asks for it.

## Left alone

- A `RootModel` that no handler takes as its body or answers with: inside of another model it gives a name to a type.
- Models with validators or serializers of their own are reported, too; what they check moves to
  `Annotated[..., AfterValidator(...)]`.

## Safety

It only reports. Without the class, its name leaves the schemas of OpenAPI, and generated clients lose a type.

See <https://fastapi.tiangolo.com/tutorial/body-nested-models/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.models import Model, model
from ...project.payloads import Payload, payloads_of
from ...source.nodes import walk

LONGEST = 60


class RootmodelBody(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        found: dict[Symbol, tuple[Model, list[Payload]]] = {}
        for payload in payloads_of(project):
            used = model(project, payload.named.symbol)
            if used is not None and used.kind == "root":
                found.setdefault(used.symbol, (used, []))[1].append(payload)
        for symbol, (used, payloads) in found.items():
            home = project.module(symbol.path or "")
            if home is None:
                continue
            roles = " and ".join(
                words
                for role, words in (("body", "the body"), ("response", "the answer"))
                if any(payload.role == role for payload in payloads)
            )
            names = list(dict.fromkeys(payload.handler.function.name for payload in payloads))
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            inner = _inner(home, used)
            hint = ", with `Annotated[..., Field(...), Body()]` for what it must satisfy" if "body" in roles else ""
            yield self.finding(
                home.location(used.line, 1, used.line),
                f"`{used.name}` is a RootModel and {roles} of `{names[0]}`{more}: say {inner} there{hint}",
                anchor=f"{symbol.name} root model",
            )


def _inner(home: Module, used: Model) -> str:
    """The type that the model stands for, in words of a message."""
    root = used.field("root")
    text = root.annotation_text if root is not None else ""
    for binding in home.bindings(used.symbol.name) if not text else ():
        for node in walk(home.tree(binding.statement)):
            if isinstance(node, ast.ClassDef) and node.name == used.name:
                text = next((ast.unparse(base.slice) for base in node.bases if isinstance(base, ast.Subscript)), "")
    text = " ".join(text.split())
    return f"`{text}`" if text and len(text) <= LONGEST else "its type"
