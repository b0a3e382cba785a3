"""LibCST on fragments: the smallest text that holds what changes is parsed, changed and written back.

Parsing a whole file costs ten times what `ast` takes; a function's header costs a hundredth of that. Importing this
module imports LibCST, so only the rewriting half of a codemod may.
"""

from __future__ import annotations

import libcst as cst

from ..errors import BrokenResultError
from ..project.newer_syntax import SAFE_RUN, longest_run

_BODY = " pass"
_EMPTY = cst.Module([])


def _refuse_long_runs(text: str) -> None:
    """LibCST recurses over what `ast` reads in one go: a sum of a thousand terms ends in minutes, or not at all."""
    if longest_run(text) > SAFE_RUN:
        raise RecursionError("an expression is too long for LibCST")


def parse_header(text: str) -> cst.FunctionDef:
    """The definition whose header, `def` to colon, is `text`; `RecursionError` for an expression too long."""
    _refuse_long_runs(text)
    statement = cst.parse_statement(text + _BODY)
    if not isinstance(statement, cst.FunctionDef):
        raise BrokenResultError(f"a function's header was expected, not {text[:60]!r}")
    return statement


def header_code(node: cst.FunctionDef, newline: str) -> str:
    """The header's text again."""
    code = cst.Module([node], default_newline=newline).code.rstrip("\r\n")
    return code.removesuffix(_BODY)


def code_of(node: cst.CSTNode) -> str:
    return _EMPTY.code_for_node(node)


def parse_call(text: str) -> cst.Call:
    """The call expression that `text` is. `RecursionError` where it is too long for LibCST."""
    _refuse_long_runs(text)
    node = cst.parse_expression(text)
    if not isinstance(node, cst.Call):
        raise BrokenResultError(f"a call was expected, not {text[:60]!r}")
    return node


def has_comment(whitespace: cst.BaseParenthesizableWhitespace) -> bool:
    return isinstance(whitespace, cst.ParenthesizedWhitespace) and (
        whitespace.first_line.comment is not None or any(line.comment for line in whitespace.empty_lines)
    )


def joined(
    first: cst.BaseParenthesizableWhitespace, second: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """The white space that is left when what stood between two goes: the later one, with the comments of both."""
    if not has_comment(first):
        if has_comment(second) and isinstance(first, cst.ParenthesizedWhitespace):
            return _on_lines_of_their_own(first, second)
        return second if has_comment(second) else first
    if not has_comment(second):
        if isinstance(first, cst.ParenthesizedWhitespace) and isinstance(second, cst.ParenthesizedWhitespace):
            return first.with_changes(last_line=second.last_line, indent=second.indent)
        return first
    return _on_lines_of_their_own(first, second)


def _on_lines_of_their_own(
    first: cst.BaseParenthesizableWhitespace, second: cst.BaseParenthesizableWhitespace
) -> cst.ParenthesizedWhitespace:
    first = cst.ensure_type(first, cst.ParenthesizedWhitespace)
    second = cst.ensure_type(second, cst.ParenthesizedWhitespace)
    comment = second.first_line.comment
    moved = [cst.EmptyLine(indent=first.indent, whitespace=first.last_line, comment=comment)] if comment else []
    return first.with_changes(
        empty_lines=[*first.empty_lines, *moved, *second.empty_lines], last_line=second.last_line, indent=second.indent
    )


def without_argument(call: cst.Call, index: int) -> cst.Call:
    """The call without its argument at `index`; comments around the argument stay."""
    arguments = list(call.args)
    gone = arguments.pop(index)
    comma = gone.comma if isinstance(gone.comma, cst.Comma) else None
    after = comma.whitespace_after if comma is not None else gone.whitespace_after_arg
    if comma is not None and has_comment(gone.whitespace_after_arg):
        after = joined(gone.whitespace_after_arg, after)
    if index == 0:
        before = joined(call.whitespace_before_args, after)
        if not arguments and not has_comment(before):
            before = cst.SimpleWhitespace("")
        return call.with_changes(args=arguments, whitespace_before_args=before)
    previous = arguments[index - 1]
    before = cst.ensure_type(previous.comma, cst.Comma).whitespace_after
    if index < len(arguments):
        kept = previous.with_changes(comma=cst.Comma(whitespace_after=joined(before, after)))
    elif comma is not None or has_comment(before):
        # The last argument goes: the one before ends the list as it did.
        kept = previous.with_changes(
            comma=cst.Comma(whitespace_after=after if not has_comment(before) else joined(before, after))
        )
    else:
        kept = previous.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=after)
    arguments[index - 1] = kept
    return call.with_changes(args=arguments)


class Indented(cst.CSTTransformer):
    """Continuation lines moved right by `by`; strings are not touched."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.by = by

    def leave_ParenthesizedWhitespace(  # noqa: N802  (LibCST's name)
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        lines = [
            line.with_changes(whitespace=cst.SimpleWhitespace(line.whitespace.value + self.by))
            if line.comment
            else line
            for line in original_node.empty_lines
        ]
        last = cst.SimpleWhitespace(original_node.last_line.value + self.by)
        return updated_node.with_changes(empty_lines=lines, last_line=last)


def with_argument(call: cst.Call, name: str, value: str) -> cst.Call:
    """The call with the keyword argument `name=value` at its end, laid out as the arguments before it."""
    new = cst.Arg(
        cst.parse_expression(value),
        keyword=cst.Name(name),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    if not call.args:
        return call.with_changes(args=[new])
    *others, last = call.args
    if isinstance(last.comma, cst.Comma):
        # A trailing comma: its white space leads to the closing bracket, and a comment in it belongs to `last`.
        between = _between(call)
        closing = last.comma.whitespace_after
        if has_comment(closing):
            parenthesized = cst.ensure_type(closing, cst.ParenthesizedWhitespace)
            comment = parenthesized.first_line
            if isinstance(between, cst.ParenthesizedWhitespace):
                between = between.with_changes(first_line=comment)
            closing = parenthesized.with_changes(first_line=cst.TrailingWhitespace())
        last = last.with_changes(comma=cst.Comma(whitespace_after=between))
        new = new.with_changes(comma=cst.Comma(whitespace_after=closing))
    else:
        new = new.with_changes(whitespace_after_arg=last.whitespace_after_arg)
        last = last.with_changes(
            comma=cst.Comma(whitespace_after=_between(call)), whitespace_after_arg=cst.SimpleWhitespace("")
        )
    return call.with_changes(args=[*others, last, new])


def _between(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """What stands between two arguments: as before the last one, without its comments."""
    white = call.whitespace_before_args
    if len(call.args) > 1:
        comma = call.args[-2].comma
        white = comma.whitespace_after if isinstance(comma, cst.Comma) else cst.SimpleWhitespace(" ")
    if isinstance(white, cst.ParenthesizedWhitespace):
        return white.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return cst.SimpleWhitespace(" ")


def with_value(call: cst.Call, name: str, value: str) -> cst.Call:
    """The call with the value of its keyword argument `name` replaced."""
    arguments = [
        argument.with_changes(value=cst.parse_expression(value))
        if argument.keyword is not None and argument.keyword.value == name
        else argument
        for argument in call.args
    ]
    return call.with_changes(args=arguments)


def without_keyword(call: cst.Call, name: str) -> cst.Call:
    """The call without its keyword argument `name`, if it has one."""
    for index, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == name:
            return without_argument(call, index)
    return call


def with_method(call: cst.Call, name: str) -> cst.Call:
    """`app.name(...)` for the call `app.other(...)`."""
    function = cst.ensure_type(call.func, cst.Attribute)
    return call.with_changes(func=function.with_changes(attr=cst.Name(name)))


def one_argument_per_line(call: cst.Call, indent: str, unit: str) -> cst.Call:
    """As black and ruff write a call that is too long for its line."""
    inner = cst.ParenthesizedWhitespace(last_line=cst.SimpleWhitespace(indent + unit))
    closing = cst.ParenthesizedWhitespace(last_line=cst.SimpleWhitespace(indent))
    arguments = [argument.with_changes(comma=cst.Comma(whitespace_after=inner)) for argument in call.args]
    if not arguments:
        return call
    arguments[-1] = arguments[-1].with_changes(
        comma=cst.Comma(whitespace_after=closing), whitespace_after_arg=cst.SimpleWhitespace("")
    )
    return call.with_changes(args=arguments, whitespace_before_args=inner)


def on_one_line(call: cst.Call) -> cst.Call:
    """The call without the line breaks between its arguments and without a trailing comma."""
    nothing = cst.SimpleWhitespace("")
    arguments = [
        argument.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")), whitespace_after_arg=nothing)
        for argument in call.args
    ]
    if arguments:
        arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(args=arguments, whitespace_before_args=nothing)


def indentation(call: cst.Call) -> str | None:
    """The indentation of the call's last argument where that begins a line."""
    white = call.whitespace_before_args
    if len(call.args) > 1:
        comma = call.args[-2].comma
        white = comma.whitespace_after if isinstance(comma, cst.Comma) else cst.SimpleWhitespace("")
    return white.last_line.value if isinstance(white, cst.ParenthesizedWhitespace) and call.args else None


def holds_comment(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Comment) or any(holds_comment(child) for child in node.children)


def call_code(call: cst.Call, newline: str) -> str:
    return cst.Module([], default_newline=newline).code_for_node(call)
