"""The LibCST half: from a function's header with the old style to one with `Annotated`.

def read(                                      def read(
    q: str | None = Query(None, alias="x"),        db: Annotated[Session, Depends(get_db)],
    db: Session = Depends(get_db),                 q: Annotated[str | None, Query(alias="x")] = None,
): ...                                         ): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import libcst as cst

from ....edits.fragments import (
    Indented,
    code_of,
    has_comment,
    header_code,
    holds_comment,
    joined,
    on_one_line,
    one_argument_per_line,
    parse_header,
    without_argument,
)
from ....project import Function, Module
from .conversion import Conversion
from .layout import NEWLINE, Layout
from .order import Arrangement


def rewritten_header(
    module: Module,
    function: Function,
    conversions: Mapping[str, Conversion],
    arrangement: Arrangement,
    annotated: str,
    layout: Layout,
) -> str:
    """The function's header with the parameters in `conversions` moved into `Annotated`."""
    text = module.code(function.span)
    to_annotated = ToAnnotated(conversions, arrangement, cst.parse_expression(annotated), layout)
    header = cst.ensure_type(parse_header(text).visit(to_annotated), cst.FunctionDef)
    code = header_code(header, layout.newline)
    has_long_call = any(
        NEWLINE.search(module.code(p.default)) for p in function.parameters if p.default and p.name in conversions
    )
    if not has_long_call and layout.fits(code):
        return code
    return header_code(to_annotated.laid_out(header), layout.newline)


class Reindented(cst.CSTTransformer):
    """Continuation lines with other white space at their beginning; strings are not touched."""

    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__()
        self.change = change

    def leave_ParenthesizedWhitespace(  # noqa: N802  (LibCST's name)
        self,
        original_node: cst.ParenthesizedWhitespace,
        updated_node: cst.ParenthesizedWhitespace,
    ) -> cst.ParenthesizedWhitespace:
        lines = [
            line.with_changes(whitespace=cst.SimpleWhitespace(self.change(line.whitespace.value)))
            for line in original_node.empty_lines
        ]
        last = cst.SimpleWhitespace(self.change(original_node.last_line.value))
        return updated_node.with_changes(empty_lines=lines, last_line=last)


def _line(layout: Layout, depth: int) -> cst.ParenthesizedWhitespace:
    """A line end and the indentation of the header plus `depth`."""
    return cst.ParenthesizedWhitespace(last_line=cst.SimpleWhitespace(layout.indent + layout.unit * depth))


class ToAnnotated(cst.CSTTransformer):
    def __init__(
        self,
        conversions: Mapping[str, Conversion],
        arrangement: Arrangement,
        annotated: cst.BaseExpression,
        layout: Layout,
    ) -> None:
        super().__init__()
        self.conversions = conversions
        self.arrangement = arrangement
        self.annotated = annotated
        self.layout = layout

    def visit_Parameters(self, node: cst.Parameters) -> bool:  # noqa: ARG002, N802
        return False  # all that happens below happens at once: LibCST refuses a tree that is invalid in between

    def visit_Annotation(self, node: cst.Annotation) -> bool:  # noqa: ARG002, N802
        return False  # of the return value

    def leave_Parameters(self, original_node: cst.Parameters, updated_node: cst.Parameters) -> cst.Parameters:  # noqa: ARG002, N802
        def converted(some: Sequence[cst.Param]) -> list[cst.Param]:
            return [self._to_annotated(p, c) if (c := self.conversions.get(p.name.value)) else p for p in some]

        return _arranged(
            updated_node,
            converted(updated_node.posonly_params),
            converted(updated_node.params),
            converted(updated_node.kwonly_params),
            self.arrangement,
        )

    def _to_annotated(self, param: cst.Param, conversion: Conversion) -> cst.Param:
        call = cst.ensure_type(param.default, cst.Call)
        default: cst.BaseExpression | None = None
        if not conversion.is_dependency:
            call, default = _split_default(call)
            if default is not None:
                default = self._moved_left(default)
        call = self._joined_call(call, is_shorter=conversion.default is not None)
        if param.annotation is None:
            annotation = cst.Annotation(cst.parse_expression(conversion.added_type or "Any"))
            equal = cst.AssignEqual()
        else:
            annotation = param.annotation
            if conversion.added_type is not None:
                annotation = annotation.with_changes(annotation=cst.parse_expression(conversion.added_type))
            equal = cst.ensure_type(param.equal, cst.AssignEqual)
        annotation = annotation.with_changes(annotation=self._subscript(annotation.annotation, call))
        return param.with_changes(
            annotation=annotation,
            default=default,
            equal=cst.MaybeSentinel.DEFAULT if default is None else equal,
        )

    def _subscript(self, type_: cst.BaseExpression, call: cst.Call) -> cst.Subscript:
        if isinstance(type_, cst.Subscript) and code_of(type_.value) == code_of(self.annotated):
            # `Annotated[str, "doc"]` already: the call goes behind what is there.
            last = type_.slice[-1]
            comma = (
                last.comma
                if isinstance(last.comma, cst.Comma)
                else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            )
            return type_.with_changes(slice=[*type_.slice[:-1], last.with_changes(comma=comma), _element(call)])
        return cst.Subscript(
            self.annotated,
            [_element(type_, cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))), _element(call)],
        )

    def _joined_call(self, call: cst.Call, *, is_shorter: bool) -> cst.Call:
        """A call of several lines on one, where black would join it, or would not have broken it for what is left."""
        code = code_of(call)
        has_comma = bool(call.args) and isinstance(call.args[-1].comma, cst.Comma)
        if not NEWLINE.search(code) or holds_comment(call) or (has_comma and not (is_shorter and len(call.args) < 2)):
            return call
        joined_call = on_one_line(call)
        code = code_of(joined_call)
        room = self.layout.width - len(self.layout.indent + self.layout.unit * 2)
        return call if NEWLINE.search(code) or len(code) > room else joined_call

    def _moved_left(self, default: cst.BaseExpression) -> cst.BaseExpression:
        """A default of several lines that stood in the call's own indentation, in that of the parameter."""
        *others, last = NEWLINE.split(code_of(default))
        unit = self.layout.unit
        indent = self.layout.indent + unit * 2
        if others and isinstance(default, cst.ConcatenatedString) and not default.lpar:
            lined_up = cst.ensure_type(default.visit(Reindented(lambda _: indent)), cst.ConcatenatedString)
            return lined_up.with_changes(
                lpar=[cst.LeftParen(whitespace_after=_line(self.layout, 2))],
                rpar=[cst.RightParen(whitespace_before=_line(self.layout, 1))],
            )
        if not others or not all(line.startswith(indent) or not line.strip() for line in [*others[1:], last]):
            return default
        moved = default.visit(Reindented(lambda white: white.removeprefix(unit)))
        return moved if isinstance(moved, cst.BaseExpression) else default

    def laid_out(self, header: cst.FunctionDef) -> cst.FunctionDef:
        """The converted header, broken where it is too long."""
        if not _has_a_line_each(header.params):
            if self.layout.fits(header_code(header, "\n")):
                return header
            if not _has_comments(header.params):
                header = _spread(header, self.layout)
        return header.with_changes(params=self._with_long_parameters_split(header.params))

    def _with_long_parameters_split(self, params: cst.Parameters) -> cst.Parameters:
        def split(some: Sequence[cst.Param]) -> list[cst.Param]:
            return [self._split(param) if param.name.value in self.conversions else param for param in some]

        return params.with_changes(
            posonly_params=split(params.posonly_params),
            params=split(params.params),
            kwonly_params=split(params.kwonly_params),
        )

    def _split(self, param: cst.Param) -> cst.Param:
        """`x: Annotated[T, Query(...)] = d` over several lines where one is too short or its call has several."""
        layout = self.layout
        bare = param.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_param=cst.SimpleWhitespace(""))
        code = code_of(bare)
        width = layout.width - len(layout.indent + layout.unit)
        first, *others = NEWLINE.split(code)
        head = code_of(bare.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT))
        if not NEWLINE.search(head) and len(first) + (not others) <= width:
            return param
        annotation = cst.ensure_type(param.annotation, cst.Annotation)
        subscript = cst.ensure_type(annotation.annotation, cst.Subscript)
        elements = list(subscript.slice)
        inner = code_of(subscript.with_changes(value=cst.Name("_")))[2:-1]
        if "\n" not in inner and len(inner) <= width - len(layout.unit):
            new = subscript
        else:
            call = cst.ensure_type(cst.ensure_type(elements[-1].slice, cst.Index).value, cst.Call)
            if "\n" in code_of(call) or "\r" in code_of(call):
                call = cst.ensure_type(call.visit(Indented(layout.unit)), cst.Call)
            elif len(code_of(call)) >= width - len(layout.unit):
                call = one_argument_per_line(call, layout.indent + layout.unit * 2, layout.unit)
            elements[-1] = _element(call)
            comma = cst.Comma(whitespace_after=_line(layout, 2))
            new = subscript.with_changes(
                slice=[
                    *(e.with_changes(comma=comma) for e in elements[:-1]),
                    elements[-1].with_changes(comma=cst.Comma()),
                ]
            )
        new = new.with_changes(
            lbracket=cst.LeftSquareBracket(whitespace_after=_line(layout, 2)),
            rbracket=cst.RightSquareBracket(whitespace_before=_line(layout, 1)),
        )
        return param.with_changes(annotation=annotation.with_changes(annotation=new))


def _element(value: cst.BaseExpression, comma: cst.Comma | None = None) -> cst.SubscriptElement:
    return cst.SubscriptElement(cst.Index(value), comma=comma or cst.MaybeSentinel.DEFAULT)


def _split_default(call: cst.Call) -> tuple[cst.Call, cst.BaseExpression | None]:
    """`Query("x", max_length=5)` as `Query(max_length=5)` and `"x"`; no default for `...`."""
    for index, argument in enumerate(call.args):
        is_default = argument.keyword.value == "default" if argument.keyword is not None else not argument.star
        if is_default:
            value = argument.value
            is_ellipsis = isinstance(value, cst.Ellipsis) or (isinstance(value, cst.Name) and value.value == "Ellipsis")
            return without_argument(call, index), None if is_ellipsis else value
    return call, None


def _arranged(
    params: cst.Parameters,
    posonly: Sequence[cst.Param],
    positional: Sequence[cst.Param],
    kwonly: Sequence[cst.Param],
    arrangement: Arrangement,
) -> cst.Parameters:
    if arrangement.star is not None:
        star = arrangement.star - len(posonly)
        return _with_star(params.with_changes(posonly_params=posonly), positional[:star], positional[star:], kwonly)
    if arrangement.order != arrangement.source:
        positional = _reordered(positional, arrangement.order)
    return params.with_changes(posonly_params=posonly, params=positional, kwonly_params=kwonly)


def _with_star(
    params: cst.Parameters, before: Sequence[cst.Param], behind: Sequence[cst.Param], kwonly: Sequence[cst.Param]
) -> cst.Parameters:
    """`a=1, b` as `a=1, *, b`; a `*` that was there already moves up."""
    *others, last = before
    white = cst.ensure_type(last.comma, cst.Comma).whitespace_after
    if has_comment(white):
        # The comment behind the last parameter stays with it; the lines below it belong to the next one.
        parenthesized = cst.ensure_type(white, cst.ParenthesizedWhitespace)
        last = last.with_changes(comma=cst.Comma(whitespace_after=parenthesized.with_changes(empty_lines=[])))
        white = parenthesized.with_changes(first_line=cst.TrailingWhitespace())
    moved = list(behind)
    if isinstance(params.star_arg, cst.ParamStar) and has_comment(params.star_arg.comma.whitespace_after):
        # What was said behind the old `*` is said behind the parameter before it.
        comma = cst.ensure_type(moved[-1].comma, cst.Comma)
        after = joined(comma.whitespace_after, params.star_arg.comma.whitespace_after)
        moved[-1] = moved[-1].with_changes(comma=cst.Comma(whitespace_after=after))
    return params.with_changes(
        params=[*others, last],
        star_arg=cst.ParamStar(comma=cst.Comma(whitespace_after=white)),
        kwonly_params=[*moved, *kwonly],
    )


def _reordered(params: Sequence[cst.Param], order: Sequence[str]) -> list[cst.Param]:
    """Parameters change places; the commas and line breaks stay, comments go along with their parameter."""
    by_name = {param.name.value: index for index, param in enumerate(params)}
    slots = [_slot(param) for param in params]
    new = [
        params[by_name[name]].with_changes(comma=comma, whitespace_after_param=white)
        for name, (comma, white) in zip(order, slots, strict=True)
    ]
    if any(has_comment(_white(param)) for param in params):
        return _with_own_comments(params, new, [by_name[name] for name in order])
    return new


def _slot(param: cst.Param) -> tuple[cst.Comma | cst.MaybeSentinel, cst.BaseParenthesizableWhitespace]:
    return param.comma, param.whitespace_after_param


def _white(param: cst.Param) -> cst.BaseParenthesizableWhitespace:
    return param.comma.whitespace_after if isinstance(param.comma, cst.Comma) else param.whitespace_after_param


def _with_own_comments(old: Sequence[cst.Param], new: Sequence[cst.Param], source: Sequence[int]) -> list[cst.Param]:
    """Each parameter's comments, behind it on its line and on lines of its own above it, at its new place.

    LibCST keeps both in the white space between parameters: what stands behind parameter i holds the comment of i
    and the lines above i + 1. Lines above the first parameter stand outside and stay where they are.
    """
    trailing = [_comment_of(param) for param in old]
    above = [[], *(_lines_of(param) for param in old[:-1])]
    below_last = _lines_of(old[-1])
    result = []
    for position, param in enumerate(new):
        lines = above[source[position + 1]] if position + 1 < len(new) else below_last
        result.append(_with_white(param, trailing[source[position]], lines))
    return result


def _comment_of(param: cst.Param) -> tuple[cst.SimpleWhitespace, cst.Comment] | None:
    white = _white(param)
    if isinstance(white, cst.ParenthesizedWhitespace) and white.first_line.comment is not None:
        return white.first_line.whitespace, white.first_line.comment
    return None


def _lines_of(param: cst.Param) -> list[cst.EmptyLine]:
    white = _white(param)
    return list(white.empty_lines) if isinstance(white, cst.ParenthesizedWhitespace) else []


def _with_white(
    param: cst.Param, comment: tuple[cst.SimpleWhitespace, cst.Comment] | None, lines: Sequence[cst.EmptyLine]
) -> cst.Param:
    white = _white(param)
    if not isinstance(white, cst.ParenthesizedWhitespace):
        if comment is None and not lines:
            return param
        white = cst.ParenthesizedWhitespace()
    space, text = comment if comment is not None else (cst.SimpleWhitespace(""), None)
    white = white.with_changes(
        first_line=white.first_line.with_changes(whitespace=space, comment=text), empty_lines=list(lines)
    )
    if isinstance(param.comma, cst.Comma):
        return param.with_changes(comma=param.comma.with_changes(whitespace_after=white))
    return param.with_changes(whitespace_after_param=white)


def _all(params: cst.Parameters) -> list[cst.Param]:
    star = [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
    kwarg = [params.star_kwarg] if params.star_kwarg is not None else []
    return [*params.posonly_params, *params.params, *star, *params.kwonly_params, *kwarg]


def _has_a_line_each(params: cst.Parameters) -> bool:
    commas = [param.comma for param in _all(params)]
    return all(
        isinstance(comma.whitespace_after, cst.ParenthesizedWhitespace)
        for comma in commas
        if isinstance(comma, cst.Comma)
    ) and (len(commas) > 1 or isinstance(commas[0], cst.Comma))


def _has_comments(params: cst.Parameters) -> bool:
    return any(has_comment(_white(param)) for param in _all(params))


def _spread(function: cst.FunctionDef, layout: Layout) -> cst.FunctionDef:
    """As black and ruff write a header that is too long: the parameters on one line if they fit, else a line each."""
    on_one_line = _joined_by(function, cst.SimpleWhitespace(" "), last=cst.MaybeSentinel.DEFAULT)
    code = code_of(on_one_line.params)
    if layout.is_one_line and "\n" not in code and len(layout.indent + layout.unit + code) <= layout.width:
        return on_one_line.with_changes(
            params=_with_last(on_one_line.params, {"whitespace_after_param": _line(layout, 0)}),
            whitespace_before_params=_line(layout, 1),
        )
    # A comma behind `*args` or `**options` is fine from Python 3.6 on.
    spread = _joined_by(function, _line(layout, 1), last=cst.Comma(whitespace_after=_line(layout, 0)))
    return spread.with_changes(whitespace_before_params=_line(layout, 1))


def _joined_by(
    function: cst.FunctionDef,
    white: cst.BaseParenthesizableWhitespace,
    last: cst.Comma | cst.MaybeSentinel,
) -> cst.FunctionDef:
    comma = cst.Comma(whitespace_after=white)

    def spaced(param: cst.Param) -> cst.Param:
        return param.with_changes(comma=comma, whitespace_after_param=cst.SimpleWhitespace(""))

    params = function.params
    star_arg = params.star_arg
    if isinstance(star_arg, cst.Param):
        star_arg = spaced(star_arg)
    elif isinstance(star_arg, cst.ParamStar):
        star_arg = star_arg.with_changes(comma=comma)
    slash = params.posonly_ind
    new = params.with_changes(
        posonly_params=[spaced(param) for param in params.posonly_params],
        posonly_ind=slash.with_changes(comma=comma) if isinstance(slash, cst.ParamSlash) else slash,
        params=[spaced(param) for param in params.params],
        star_arg=star_arg,
        kwonly_params=[spaced(param) for param in params.kwonly_params],
        star_kwarg=spaced(params.star_kwarg) if params.star_kwarg is not None else None,
    )
    return function.with_changes(params=_with_last(new, {"comma": last}))


def _with_last(params: cst.Parameters, changes: Mapping[str, object]) -> cst.Parameters:
    """The parameters with `changes` made to the last one."""
    if params.star_kwarg is not None:
        return params.with_changes(star_kwarg=params.star_kwarg.with_changes(**changes))
    for field in ("kwonly_params", "star_arg", "params"):
        some = getattr(params, field)
        if isinstance(some, cst.Param):
            return params.with_changes(star_arg=some.with_changes(**changes))
        if isinstance(some, Sequence) and some:
            return params.with_changes(**{field: [*some[:-1], some[-1].with_changes(**changes)]})
    return params
