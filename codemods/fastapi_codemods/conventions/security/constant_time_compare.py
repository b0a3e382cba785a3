"""A secret is compared in constant time.

`if x_token != API_TOKEN:` becomes `if not secrets.compare_digest(x_token.encode(), API_TOKEN.encode()):`.

## Why

`==` stops at the first character that differs. Who measures how long an answer takes learns how much of a guess is
right, and finds a token one character after the other. `compare_digest` looks at all of them.

## Left alone

- Values that are not certainly text: `compare_digest` raises TypeError for `None` and for text that is not ASCII, which
  is why both sides are encoded.
- Comparisons with a constant that is no secret, as an empty string.
- What is no secret of the server's: two passwords that a user typed, types of tokens.

## Safety

Safe: the result is the same.

See <https://fastapi.tiangolo.com/advanced/security/http-basic-auth/#check-the-username>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.imports import module_reachable_as
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.constants import constant_of
from ...project.models import model
from ...project.operations import operations_of
from ...project.placed import FunctionNode, Placed, nodes_with
from ...project.reader import dotted
from ...project.references import uses
from ...project.secrets import is_password, is_token
from ...source.nodes import walk

_WORD = "(?:[tT]oken|TOKEN|[sS]ecret|SECRET|[pP]assw|PASSW|[kK]ey\\b|KEY\\b|hexdigest|expected|signature)"
_WORDS = rf"[=!]=[^\n]{{0,100}}{_WORD}|{_WORD}[^\n]{{0,100}}[=!]="
_NAME = re.compile(r"(?i)(?:\w*_)?(?:api_?key|auth_?key|access_?key|secret|secret_?key|token|password)")
_NOT_ONE = re.compile(
    r"(?i)(?:hash_)?(?:type|eos|bos|pad|next|prev|page|cursor|last|first|stop|start|special)_?token|csrf_?token_?name"
)
_SERVER = re.compile(r"(?i)(?:^|\.)(?:\w*settings|\w*config|\w*conf|self|cls|env|\w*options|args)(?:\.|$)")
_WITHOUT_BRACKETS = (
    ast.If, ast.While, ast.BoolOp, ast.Return, ast.Assign, ast.IfExp, ast.Assert, ast.keyword, ast.Call, ast.AnnAssign,
)  # fmt: skip


class _Comparison(NamedTuple):
    placed: Placed
    left: ast.expr
    right: ast.expr
    secret: str
    is_equal: bool


class ConstantTimeCompare(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_comparisons(project))
        only_injected = _only_injected(project, found)
        for item in found:
            yield self.finding(
                item.placed.location,
                f"the secret `{item.secret}` is compared by `{'==' if item.is_equal else '!='}`, whose time tells how"
                " much of a guess is right",
                anchor=f"{item.placed.qualified_name}.{item.secret}",
                left_alone=_reason(project, item, only_injected),
                subject=item,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Comparison = finding.subject
            placed, module = item.placed, item.placed.module
            name = edits.module_name(module, "secrets", finding)
            sides = ", ".join(f"{placed.code(side)}.encode()" for side in (item.left, item.right))
            text = f"{name}.compare_digest({sides})"
            span = placed.span()
            parent = placed.around[0]
            if not item.is_equal and isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
                span = placed.span(parent)  # `not a != b`
            elif not item.is_equal:
                text = f"not {text}" if isinstance(parent, _WITHOUT_BRACKETS) else f"(not {text})"
            edits.replace(module, span, text, finding)


def _comparisons(project: Project) -> Iterator[_Comparison]:
    for placed in nodes_with(project, ast.Compare, re.compile(_WORDS.encode()), re.compile(_WORDS)):
        node = placed.node
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or placed.function is None:
            continue
        if not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        left, right = node.left, node.comparators[0]
        if isinstance(left, ast.Constant) or isinstance(right, ast.Constant):
            continue
        names = [name for side in (left, right) if (name := _secret_of_server(project, placed, side))]
        if len(names) == 1 and not any(map(_is_no_secret, (left, right))):
            own = right if _secret_of_server(project, placed, left) else left
            if _refuses(placed) and _comes_from_outside(placed, own):
                yield _Comparison(placed, left, right, names[0], isinstance(node.ops[0], ast.Eq))


def _refuses(placed: Placed) -> bool:
    """Whether it decides who may: the function is named for that, or turns somebody away."""
    function = placed.function
    if function is None:
        return False
    return _DECIDES.search(function.name) is not None or _REFUSES.search(placed.code(function)) is not None


def _comes_from_outside(placed: Placed, node: ast.expr) -> bool:
    """Whether somebody else may have chosen a value: a parameter, a part of one, or of a request."""
    function = placed.function
    if function is None:
        return False
    arguments = function.args
    parameters = {p.arg for p in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {"self", "cls"}
    text = ast.unparse(node)
    if _OF_A_REQUEST.search(text):
        return True
    name = dotted(node)
    head = name.partition(".")[0]
    if head in parameters:
        last = name.rpartition(".")[2]
        return "." not in name or _is_called_so(last) or last == "credentials"
    given = _bound_to(placed, name) if name else None
    return given is not None and _OF_A_REQUEST.search(ast.unparse(given)) is not None


_OF_A_REQUEST = re.compile(r"\b(?:headers|cookies|query_params|credentials|authorization|form)\b")
_DECIDES = re.compile(r"(?i)^_*(?:verify|validate|authenticate|authorize|check|require|is_valid|get_current)")
_REFUSES = re.compile(r"\b40[13]\b|UNAUTHORIZED|FORBIDDEN|Unauthorized|Forbidden|PermissionError")


def _secret_of_server(project: Project, placed: Placed, node: ast.expr, depth: int = 0) -> str | None:
    """The name of a secret that the server has: of its module, its settings or environment, or a signature it made."""
    name = dotted(node)
    if name:
        last = name.rpartition(".")[2]
        if isinstance(node, ast.Attribute):
            return name if _is_called_so(last) and _SERVER.search(name.rpartition(".")[0]) else None
        symbol = placed.resolve(project, node)
        if symbol is not None and symbol.path is not None and symbol.name:
            return name if _is_called_so(last) else None
        given = _bound_to(placed, name) if depth == 0 else None
        inner = _secret_of_server(project, placed, given, 1) if given is not None else None
        return name if inner else None
    match node:
        case ast.Call(func=ast.Attribute(attr="hexdigest" | "digest", value=value)):
            return ast.unparse(node) if "hmac" in ast.unparse(value) else None
        case ast.Call(func=func, args=[ast.Constant(value=str(key)), *_]) if dotted(func) in _ENVIRONMENT:
            return key if _is_called_so(key) else None
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))) if dotted(value) == "os.environ":
            return key if _is_called_so(key) else None
    return None


_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "getenv", "environ.get"})


def _bound_to(placed: Placed, name: str) -> ast.expr | None:
    """What a local name is bound to, once."""
    function = placed.function
    found = [
        node.value
        for node in walk(function or ast.Module([], []))
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and dotted(node.targets[0]) == name
    ]
    return found[0] if len(found) == 1 else None


def _is_called_so(name: str) -> bool:
    is_one = bool(_NAME.fullmatch(name)) or is_password(name) or is_token(name)
    return is_one and not _NOT_ONE.search(name)


def _is_no_secret(node: ast.expr) -> bool:
    """`TokenType.ACCESS`, a number, a class, a part of something."""
    name = dotted(node)
    return bool(name) and bool(
        name.rpartition(".")[0][:1].isupper()
        or re.search(r"(?i)type|status|kind|count|len|hash$|state", name) is not None
    )


def _only_injected(project: Project, found: Sequence[_Comparison]) -> set[tuple[str, int]]:
    """The functions that nobody but FastAPI calls, which validates what it gives them."""
    handlers = {(o.module.path, o.function.name, o.function.line) for o in operations_of(project)}
    symbols: dict[Symbol, tuple[str, int]] = {}
    for item in found:
        function = item.placed.function
        if function is not None and function is item.placed.around[-1]:
            key = item.placed.module.path, id(function)
            symbols[Symbol(item.placed.module.path, function.name)] = key
    result: set[tuple[str, int]] = set()
    used = uses(project, set(symbols)) if symbols else {}
    for item in found:
        function = item.placed.function
        if function is None:
            continue
        path = item.placed.module.path
        own = used.get(Symbol(path, function.name), [])
        is_handler = (path, function.name, item.placed.positions.line(function.lineno)) in handlers
        kinds = {use.kind for use in own}
        if kinds <= {"decorator", "injected", "override"} and (is_handler or "injected" in kinds):
            result.add((path, id(function)))
    return result


def _reason(project: Project, item: _Comparison, only_injected: set[tuple[str, int]]) -> str | None:
    placed = item.placed
    for side in (item.left, item.right):
        if not _is_text(project, placed, side, only_injected):
            return f"`{placed.code(side)}` is not certainly text, for anything else `compare_digest` raises TypeError"
    if module_reachable_as(placed.module, "secrets") is None or any("secrets" in s.names for s in placed.scopes):
        return f"{placed.module.path} has another `secrets`"
    if has_comment(placed.code(placed.node)):  # type: ignore[arg-type]
        return "a comment stands in it"
    return None


def _is_text(project: Project, placed: Placed, node: ast.expr, only_injected: set[tuple[str, int]]) -> bool:
    """Whether an expression is a text that can be encoded, for certain."""
    value = constant_of(project, placed, node)
    if value is not None:
        return isinstance(value, str)
    match node:
        case ast.Call(func=ast.Attribute(attr="hexdigest")) | ast.Call(func=ast.Name(id="str")):
            return True
        case ast.Name(id=name):
            function = placed.function
            given = _bound_to(placed, name)
            if given is not None:
                return not isinstance(given, ast.Name) and _is_text(project, placed, given, only_injected)
            is_safe = function is not None and (placed.module.path, id(function)) in only_injected
            return is_safe and function is not None and _is_text_parameter(function, name)
        case ast.Attribute(value=owner, attr=attr):
            return _is_setting(project, placed, owner, attr)
    return False


def _is_text_parameter(function: FunctionNode, name: str) -> bool:
    """`x_token: str`, `x_token: Annotated[str, Header()]`, without a default that is no text."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for parameter, default in zip(
        [*positional, *arguments.kwonlyargs], [*defaults, *arguments.kw_defaults], strict=True
    ):
        if parameter.arg != name:
            continue
        names = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == name]
        annotation = ast.unparse(parameter.annotation) if parameter.annotation is not None else ""
        is_text = re.fullmatch(r"str|Annotated\[str, (?:Header|Query|Cookie|Path|Form)\(.*\)\]", annotation) is not None
        is_rebound = any(not isinstance(n.ctx, ast.Load) for n in names)
        return not is_rebound and is_text and _is_text_default(default)
    return False


def _is_text_default(default: ast.expr | None) -> bool:
    match default:
        case None | ast.Constant(value=str()):
            return True
        case ast.Call(func=func, args=args, keywords=keywords) if dotted(func).rpartition(".")[2] in _MARKS:
            given = [*args, *(k.value for k in keywords if k.arg == "default")]
            is_plain = all(keyword.arg not in (None, "default_factory") for keyword in keywords)
            return is_plain and all(
                isinstance(n, ast.Constant) and (n.value is ... or isinstance(n.value, str)) for n in given
            )
    return False


_MARKS = frozenset({"Header", "Query", "Cookie", "Path", "Form"})


def _is_setting(project: Project, placed: Placed, owner: ast.expr, attr: str) -> bool:
    """`settings.api_token`, where `settings = Settings()` and the field is a `str`."""
    symbol = placed.resolve(project, owner)
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if symbol is None or home is None or len(home.bindings(symbol.name)) != 1:
        return False
    for made in home.facts.assignments:
        if made.target == symbol.name and not made.scopes:
            cls = project.resolve(home, made.call.callee)
            found = model(project, cls) if cls is not None and cls.path is not None else None
            field = found.field(attr) if found is not None and found.is_pydantic else None
            return field is not None and field.annotation_text == "str"
    return False
