"""Every place that names a model: definitions, imports, uses, annotations in quotes, `__all__`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

from ....project import Module, Project, Span, Symbol
from ....project.names import facts_of
from ....project.reader import Positions, dotted, targets_of
from ....project.references import Use, uses
from ....source import UnreadableSourceError
from ....source.nodes import walk
from ....source.statements import line_starts
from .evidence import ReasonError


class Mention(NamedTuple):
    path: str
    span: Span
    """Of the name alone, without the module in front of it."""
    kind: str
    """`import`, `export` (in `__all__`, with its quotes), `annotation` (in quotes) or that of `Use`."""
    local: str
    """What the model is called there."""
    is_qualified: bool
    """`schemas.Item`: needs no import of its own."""
    use: Use | None = None


def mentions_of(project: Project, symbol: Symbol) -> list[Mention]:
    """All of them but the class statement itself; `ReasonError` where one cannot be told."""
    home = project.module(symbol.path or "")
    assert home is not None
    try:
        facts = facts_of(project, home, symbol.name)
    except UnreadableSourceError:
        facts = None
    if facts is None:
        raise ReasonError(f"`{home.path}` cannot be parsed")
    if len(facts.defined) != 1 or facts.conditional or facts.rebound:
        raise ReasonError(f"`{symbol.name}` is bound more than once")
    for string in facts.named:
        raise ReasonError(f"{string.place.path}:{string.place.line} names it in a string")
    paths = {home.path, *(importer.place.path for importer in facts.imported)}
    found_uses = uses(project, {symbol})[symbol]
    paths |= {use.path for use in found_uses}
    mentions: list[Mention] = []
    for path in sorted(paths):
        module = project.module(path)
        if module is None:
            raise ReasonError(f"`{path}` cannot be read")
        mentions += _Reader(project, module, symbol).read([use for use in found_uses if use.path == path])
    return mentions


class _Reader:
    def __init__(self, project: Project, module: Module, symbol: Symbol) -> None:
        self.project = project
        self.module = module
        self.symbol = symbol
        self.name = symbol.name
        try:
            self.tree = ast.parse(module.text)
        except (SyntaxError, ValueError, RecursionError):
            raise ReasonError(f"`{module.path}` cannot be parsed") from None
        self.positions = Positions(module.text, 0, 1)
        self.locals = {self.name} if module.path == symbol.path else set()

    def read(self, found: list[Use]) -> list[Mention]:
        mentions = [*self._imports(), *self._exports()]
        mentions += [self._use(use) for use in found]
        mentions += self._in_quotes()
        self._check_the_rest({mention.span.start for mention in mentions})
        return mentions

    def _imports(self) -> Iterator[Mention]:
        for node in walk(self.tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            for alias, (_, target) in zip(node.names, targets_of(node), strict=False):
                if alias.name != self.name:
                    continue
                if self.project.follow_import(self.module.path, target) != self.symbol:
                    continue
                local = alias.asname or alias.name
                self.locals.add(local)
                start = self.positions.offset(alias.lineno, alias.col_offset)
                yield Mention(self.module.path, Span(start, start + len(self.name)), "import", local, False)

    def _exports(self) -> Iterator[Mention]:
        for statement in self.tree.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                    | ast.AugAssign(target=ast.Name(id="__all__"), value=value)
                    | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
                ):
                    for part in walk(value):
                        if isinstance(part, ast.Constant) and part.value == self.name and self.locals:
                            yield Mention(self.module.path, self.positions.span(part), "export", self.name, False)

    def _use(self, use: Use) -> Mention:
        starts = line_starts(self.module.text)
        start = starts[use.line - 1] + use.column - 1
        match = re.compile(r"(?:\w+\s*\.\s*)*\w+").match(self.module.text, start)
        parts = [] if match is None else list(re.finditer(r"\w+", match.group()))
        for index, part in enumerate(parts):
            is_it = part.group() in self.locals if index == 0 else part.group() == self.name
            if is_it:
                span = Span(start + part.start(), start + part.end())
                return Mention(self.module.path, span, use.kind, part.group(), index > 0, use)
        raise ReasonError(f"it is named in a way that cannot be rewritten in {use.place}")

    def _in_quotes(self) -> Iterator[Mention]:
        for annotation in _annotations(self.tree):
            for part in walk(annotation):
                if not (isinstance(part, ast.Constant) and isinstance(part.value, str)):
                    continue
                span = self.positions.span(part)
                code = self.module.code(span)
                for match in re.finditer(rf"(?<![\w.])((?:\w+\.)*){re.escape(self.name)}(?!\w)", code):
                    named = match.group()
                    # What is imported for types only is in `locals`.
                    is_for_types = named in self.locals and self.project.resolve(self.module, named) is None
                    if self.project.resolve(self.module, named) != self.symbol and not is_for_types:
                        continue
                    start = span.start + match.end() - len(self.name)
                    inner = Span(start, start + len(self.name))
                    yield Mention(self.module.path, inner, "annotation", self.name, bool(match.group(1)))

    def _check_the_rest(self, known: set[int]) -> None:
        """What else spells the name where it may mean the model."""
        starts = line_starts(self.module.text)
        before = ""
        tokens = list(tokenize.generate_tokens(io.StringIO(self.module.text).readline))
        for index, token in enumerate(tokens):
            if token.type == tokenize.NAME and token.string in self.locals:
                offset = starts[token.start[0] - 1] + token.start[1]
                is_keyword = tokens[index + 1].string == "=" and before in ("(", ",")
                if offset not in known and before not in (".", "class", "as") and not is_keyword:
                    raise ReasonError(
                        f"`{token.string}` is named in a way that cannot be rewritten in"
                        f" {self.module.path}:{token.start[0]}"
                    )
            if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
                before = token.string


def _annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield annotation
            case (
                ast.FunctionDef(returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
            ):
                yield annotation
            case ast.keyword(arg="response_model", value=value):
                yield value
            case ast.Call(func=func, args=[first, *_]) if dotted(func).rpartition(".")[2] == "cast":
                yield first
