"""How the application finds out who calls.

A dependency asks for that if it rests on `fastapi.security`, if its name says so, or if it reads what identifies a
caller (`request.headers["authorization"]`, a cookie, `request.user`) or answers 401; and so does what depends on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ...source.nodes import walk
from ..index import Module, Symbol, read_definition
from ..model import Function
from ..reader import dotted
from .evidence import Evidence, bases_of
from .mentions import argument
from .model import Observation, Place

_ASKS_WHO = re.compile(
    r"(?i)(?:^|_|(?<=[a-z]))"
    r"(?:auth\w*|current_?(?:active_?)?user|token|permissions?|logged_?in|login|api_?key|verify_\w*key|requires?_?user)"
)
# `get_auth_service`: what is needed to let somebody in.
_TOOL = re.compile(
    r"(?i)(?:backend|cache|client|config|counter|limiter|manager|provider|repo|repository|service|settings|storage"
    r"|store)\Z"
)
_CREDENTIAL = re.compile(r"(?i)(?<!csrf)(?<!csrf[-_])(?:authorization|api[-_]?key|token|secret|password|session|jwt)")
_CALLER = frozenset({"auth", "current_user", "principal", "user", "user_id"})
_MIDDLEWARE = re.compile(r"(?i)auth|jwt|token|login|password")
_WORDS = ("401", "UNAUTHORIZED", "auth", "cookies", "headers", "principal", "user")
_REQUIRES = Symbol(None, "starlette.authentication.requires")
_MIDDLEWARE_ENTRIES = (Symbol(None, "starlette.middleware.Middleware"), Symbol(None, "fastapi.middleware.Middleware"))
_SECURITY = "fastapi.security."

DefinitionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def access(evidence: Evidence) -> Iterator[Observation]:
    found = _Access(evidence)
    yield from ((variant, place) for _, variant, place in found.injected)
    yield from (("middleware", place) for place in found.middleware())
    for module, function, _ in evidence.handlers:
        for decorator in function.decorators:
            meaning = evidence.project.resolve(module, decorator.name, function.scopes)
            if meaning == _REQUIRES or _ASKS_WHO.search(decorator.name.rpartition(".")[2]):
                yield "decorator", Place(module.path, decorator.line)


def access_dependencies(evidence: Evidence) -> Iterator[Observation]:
    """`get_current_user in app/deps.py`, for those of the project; schemes of `fastapi.security` are what they use."""
    found = _Access(evidence)
    for target, _, place in found.injected:
        if target.path is not None and not found.is_scheme(target):
            yield f"{target.name} in {target.path}", place


class _Dependency(NamedTuple):
    """What a symbol leads to when it is injected."""

    name: str
    functions: tuple[tuple[Module, Function], ...]
    """Whose parameters are filled: it itself, the methods of a class, what it returns where it makes dependencies."""


class _Access:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.project = evidence.project
        self._known: dict[Symbol, str | None] = {}

    @property
    def injected(self) -> Iterator[tuple[Symbol, str, Place]]:
        for injection in self.evidence.injections:
            if (variant := self.kind(injection.target)) is not None:
                yield injection.target, variant, injection.place

    def kind(self, symbol: Symbol) -> str | None:
        """How a dependency finds out who calls; None for one that does not."""
        if symbol not in self._known:
            self._known[symbol] = None  # for dependencies in a ring
            self._known[symbol] = self._kind(symbol)
        return self._known[symbol]

    def _kind(self, symbol: Symbol) -> str | None:
        if symbol.path is None:
            if symbol.name.startswith(_SECURITY):
                return "fastapi.security" if "Form" not in symbol.name else None
            return "own dependency" if is_called_so(symbol) else None
        home = self.project.module(symbol.path)
        if home is None:
            return None
        if (maker := self._maker(home, symbol)) is not None:
            made = self.kind(maker)
            return made or ("own dependency" if is_called_so(symbol) else None)
        dependency = self._dependency(home, symbol)
        kinds = {self.kind(target) for target in self._injected_into(dependency)}
        if not dependency.functions or self.evidence.function_of(symbol) is None:
            above = (self.project.resolve(home, base) for base in bases_of(home, symbol.name))
            kinds |= {self.kind(base) for base in above if base is not None}
        if "fastapi.security" in kinds:
            return "fastapi.security"
        if "own dependency" in kinds or is_called_so(symbol):
            return "own dependency"
        if any(self._takes_credential(*function) for function in dependency.functions):
            return "own dependency"
        return "own dependency" if any(_signs(home, dependency.name)) else None

    def is_scheme(self, symbol: Symbol) -> bool:
        """`scheme = OAuth2PasswordBearer(...)`"""
        home = self.project.module(symbol.path or "")
        maker = self._maker(home, symbol) if home is not None else None
        return maker is not None and maker.path is None and maker.name.startswith(_SECURITY)

    def _maker(self, home: Module, symbol: Symbol) -> Symbol | None:
        """What is called for `symbol = made(...)`."""
        for assignment in home.facts.assignments:
            if assignment.target == symbol.name and not assignment.scopes:
                return self.project.resolve(home, assignment.call.callee)
        return None

    def _dependency(self, home: Module, symbol: Symbol) -> _Dependency:
        if found := self.evidence.function_of(symbol):
            inner = [f for f in read_definition(home, symbol.name) if f.qualified_name.startswith(f"{symbol.name}.")]
            return _Dependency(symbol.name, (found, *((home, function) for function in inner)))
        methods = (f"{symbol.name}.__call__", f"{symbol.name}.__init__")
        functions = [(home, f) for f in home.facts.functions if f.qualified_name in methods]
        return _Dependency(symbol.name, tuple(functions))

    def _injected_into(self, dependency: _Dependency) -> Iterator[Symbol]:
        for module, function in dependency.functions:
            for parameter in function.parameters:
                marked = self.evidence.mark_of(module, function, parameter)
                target = self.evidence.target(marked.mention) if marked is not None else None
                if target is not None:
                    yield target

    def _takes_credential(self, module: Module, function: Function) -> bool:
        """`x_api_key: str = Header()`"""
        for parameter in function.parameters:
            marked = self.evidence.mark_of(module, function, parameter)
            if marked is not None and marked.mention.symbol.name in ("fastapi.Cookie", "fastapi.Header"):
                alias = marked.mention.argument(99, "alias")
                name = alias.value if isinstance(alias, ast.Constant) else parameter.name
                if _CREDENTIAL.search(str(name)):
                    return True
        return False

    def middleware(self) -> Iterator[Place]:
        for module in self.evidence.modules:
            text = self.evidence.text(module)
            for ending in (".add_middleware(", "Middleware("):
                for written, start in text.occurrences(ending):
                    if ending == "Middleware(" and text.meaning(written, start) not in _MIDDLEWARE_ENTRIES:
                        continue
                    call = text.call(start)
                    given = argument(call, 0, "middleware_class" if "_" in ending else "cls") if call else None
                    if given is not None and self._is_of_access(text.meaning(dotted(given), start), dotted(given)):
                        yield Place(module.path, text.line(start))
            for _, start in text.occurrences(".middleware("):
                node, _ = text.decorated(start)
                if node is not None and (_MIDDLEWARE.search(node.name) or all(_signs_in(node))):
                    yield Place(module.path, text.line(start))

    def _is_of_access(self, cls: Symbol | None, written: str) -> bool:
        if _MIDDLEWARE.search(written.rpartition(".")[2]):
            return True
        home = self.project.module(cls.path) if cls is not None and cls.path is not None else None
        # One that only reads a token may log it.
        return home is not None and cls is not None and all(_signs(home, cls.name))


# What code tells that it asks


def is_called_so(symbol: Symbol) -> bool:
    name = symbol.name.rpartition(".")[2]
    return _ASKS_WHO.search(name) is not None and _TOOL.search(name) is None


class _Signs(NamedTuple):
    reads: bool
    """What identifies a caller: a header, a cookie, `request.user`."""
    refuses: bool
    """With 401."""


def _signs(module: Module, name: str) -> _Signs:
    for binding in module.bindings(name.partition(".")[0]):
        text = module.statement_text(binding.statement)
        if binding.kind in ("class", "def") and any(word in text for word in _WORDS):
            node = _defined(module.tree(binding.statement).body, name.split("."))
            if node is not None:
                return _signs_in(node)
    return _Signs(False, False)


def _signs_in(node: DefinitionNode) -> _Signs:
    parts = list(walk(node))
    return _Signs(any(map(_reads, parts)), any(map(_refuses, parts)))


def _defined(body: list[ast.stmt], names: list[str]) -> DefinitionNode | None:
    for statement in body:
        for node in walk(statement):
            if isinstance(node, DefinitionNode) and node.name == names[0]:
                return node if len(names) == 1 else _defined(node.body, names[1:])
    return None


def _reads(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="headers" | "cookies"), attr="get"), args=[key, *_]):
            return _is_credential(key)
        case ast.Subscript(value=ast.Attribute(attr="headers" | "cookies"), slice=key, ctx=ast.Load()):
            return _is_credential(key)
        case ast.Attribute(value=ast.Name(id="request" | "conn" | "websocket"), attr="user" | "auth", ctx=ast.Load()):
            return True
        case ast.Attribute(value=ast.Attribute(value=ast.Name(), attr="state"), attr=attribute, ctx=ast.Load()):
            return attribute in _CALLER
        case _:
            return False


def _refuses(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg="status_code", value=value):
            return _is_unauthorized(value)
        case ast.Call(func=function, args=[value, *_]) if dotted(function).endswith("HTTPException"):
            return _is_unauthorized(value)
        case _:
            return False


def _is_credential(key: ast.expr) -> bool:
    text = key.value if isinstance(key, ast.Constant) else dotted(key).rpartition(".")[2]
    return isinstance(text, str) and _CREDENTIAL.search(text) is not None


def _is_unauthorized(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return bool(value.value == 401)
    return dotted(value).rpartition(".")[2] in ("HTTP_401_UNAUTHORIZED", "UNAUTHORIZED")
