"""The text of the classes that one model becomes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence

from ....edits.lines import indent_of
from ....project import Module, Project, Span
from ....project.reader import Positions
from .evidence import ReasonError

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*(?:\r\n|\r(?!\n)|\n))+")


class Class:
    """A class statement, taken apart into its fields and the rest."""

    def __init__(self, project: Project, module: Module, name: str, inner: Sequence[tuple[Span, str]] = ()) -> None:
        """`inner` is what becomes of places in its text."""
        self.inner = inner
        self.module = module
        self.name = name
        binding = module.bindings(name)[0]
        statement = module.facts.statements[binding.statement]
        tree = module.tree(binding.statement)
        node = tree.body[0]
        if len(tree.body) != 1 or not isinstance(node, ast.ClassDef):
            raise ReasonError(f"`{name}` does not stand at the top level of its module")
        if node.decorator_list:
            raise ReasonError("its class has a decorator")
        if node.body[0].lineno == node.lineno:
            raise ReasonError("its class stands on one line")
        self.node = node
        self.positions = Positions(module.statement_text(binding.statement), statement.start, statement.line)
        self.indent = indent_of(project, module)
        end_line, end_column = node.end_lineno or 1, node.end_col_offset or 0
        end = self.positions.offset(end_line, end_column)
        line_end = re.compile(r"[^\r\n]*").match(module.text, end)
        self.span = Span(self.positions.offset(node.lineno, 0), line_end.end() if line_end else end)

    def _lines(self, node: ast.stmt) -> Span:
        """The whole lines of a statement, with the comment lines right above it."""
        text = self.module.text
        start = self.positions.offset(node.lineno, 0)
        end = self.positions.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        line_end = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?").match(text, end)
        assert line_end is not None
        rest = line_end.group().strip()
        if text[start : self.positions.offset(node.lineno, node.col_offset)].strip() or (
            rest and not rest.startswith("#")
        ):
            raise ReasonError("several fields stand on one line of its class")
        while start > self.span.start:
            above = text.rfind("\n", 0, start - 1) + 1
            if not text[above:start].lstrip().startswith("#") or above <= self.span.start:
                break
            start = above
        return Span(start, line_end.end())

    def _code(self, start: int, end: int) -> str:
        parts, position = [], start
        for span, text in sorted(self.inner):
            if start <= span.start and span.end <= end:
                parts += [self.module.text[position : span.start], text]
                position = span.end
        return "".join([*parts, self.module.text[position:end]])

    def texts(self, base: str, others: Mapping[str, Collection[str]], leaving: Collection[str]) -> str:
        """The classes, one after the other: the base without the fields `leaving`, then the `others` with theirs."""
        newline = self.module.source.newline
        moved: dict[str, str] = {}
        gaps: list[Span] = []
        fields = 0
        for statement in self.node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name)):
                    if name in leaving:
                        span = self._lines(statement)
                        moved[name] = self._code(*span).rstrip("\r\n")
                        gaps.append(span)
                    else:
                        fields += 1
        if set(moved) != set(leaving):
            missing = sorted(set(leaving) - set(moved))
            raise ReasonError(f"`{missing[0]}` does not stand in its own class")
        if not fields:
            raise ReasonError("it has no field that is for both directions")
        rest, position = "", self.span.start
        for gap in gaps:
            rest += self._between(rest, position, gap.start)
            position = max(position, gap.end)
        rest = (rest + self._between(rest, position, self.span.end)).rstrip()
        self._check(rest, leaving)
        head = re.compile(rf"class\s+{re.escape(self.name)}\b")
        documentation = self._documentation()
        classes = [head.sub(f"class {base}", rest, count=1)]
        for name, own in others.items():
            lines = [f"class {name}({base}):"]
            if documentation:
                lines.append(documentation)
            in_order = [moved[field] for field in moved if field in own]
            if documentation and in_order:
                lines.append("")
            lines += in_order
            if len(lines) == 1:
                lines.append(f"{self.indent}pass")
            classes.append(newline.join(lines))
        return f"{newline * 3}".join(classes)

    def _between(self, above: str, start: int, end: int) -> str:
        """Text that stays, without the blank lines that would stand there twice or right below the head."""
        code = self._code(start, end)
        last = above.rstrip(" \t\r\n")
        is_below_blank_line = len(_LINE_END.findall(above[len(last) :])) > 1
        return _BLANK_LINES.sub("", code) if above and (is_below_blank_line or last.endswith(":")) else code

    def _documentation(self) -> str:
        """The docstring's lines: a schema has the description of its own class, not of a base."""
        first = self.node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            span = self._lines(first)
            return self.module.text[span.start : span.end].rstrip("\r\n")
        return ""

    def _check(self, rest: str, leaving: Collection[str]) -> None:
        """Nothing that stays speaks of what leaves, or of the model itself."""
        for statement in self.node.body:
            if isinstance(statement, ast.AnnAssign) or (statement is self.node.body[0] and self._documentation()):
                continue
            span = self.positions.span(statement)
            # Decorators stand above the span.
            code = " ".join([self.module.code(span), *map(ast.unparse, getattr(statement, "decorator_list", ()))])
            for name in leaving:
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code):
                    raise ReasonError(f"a validator, a method or the configuration in its class speaks of `{name}`")
        code = rest.replace(self._documentation(), "", 1).partition(":")[2]
        if re.search(rf"(?<!\w){re.escape(self.name)}(?!\w)", code):
            raise ReasonError("it refers to itself")
