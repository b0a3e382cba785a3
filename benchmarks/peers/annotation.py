"""`x: T = Query(default, ...)` as `x: Annotated[T, Query(...)] = default`, in LibCST, for both peers.

LibCST's codemod command line and Fixit run the same rewrite through their own machinery, which is what is
measured: which parameters are rewritten, and what becomes of each, stands here once.
"""

from __future__ import annotations

import operator

import libcst as cst

MARKERS = frozenset({"Query", "Path", "Body", "Header", "Cookie", "Form", "File", "Depends", "Security"})
WITHOUT_DEFAULT = frozenset({"Depends", "Security"})


def imported_markers(node: cst.ImportFrom) -> set[str]:
    """The names that `from fastapi import Query as Q, Depends` binds, if that is what `node` is."""
    if (
        isinstance(node.module, cst.Name)
        and node.module.value == "fastapi"
        and not isinstance(node.names, cst.ImportStar)
    ):
        return {
            alias.evaluated_alias or alias.evaluated_name for alias in node.names if alias.evaluated_name in MARKERS
        }
    return set()


def annotated(parameter: cst.Param, markers: set[str]) -> cst.Param | None:
    """The parameter in the new style, or None where it is not in the old one."""
    call, annotation = parameter.default, parameter.annotation
    if annotation is None or not isinstance(call, cst.Call):
        return None
    if not isinstance(call.func, cst.Name) or call.func.value not in markers:
        return None
    arguments, default = list(call.args), None
    if call.func.value not in WITHOUT_DEFAULT:
        for argument in arguments:
            named_default = argument.keyword is not None and argument.keyword.value == "default"
            if named_default or (argument is arguments[0] and argument.keyword is None and not argument.star):
                arguments.remove(argument)
                default = argument.value
                break
    if isinstance(default, cst.Ellipsis):
        default = None
    if arguments:
        arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    marker = call.with_changes(args=arguments)
    elements = [cst.SubscriptElement(cst.Index(value)) for value in (annotation.annotation, marker)]
    wrapped = cst.Annotation(cst.Subscript(cst.Name("Annotated"), elements))
    equal = parameter.equal if default is not None else cst.MaybeSentinel.DEFAULT
    return parameter.with_changes(annotation=wrapped, default=default, equal=equal)


def with_replacements(parameters: cst.Parameters, markers: set[str]) -> cst.Parameters:
    """The signature in the new style, or the same object where nothing is to do or can be done.

    Like ruff, it leaves a function alone where a required parameter would come to follow an optional one.
    """
    positional = [annotated(parameter, markers) or parameter for parameter in parameters.params]
    keyword_only = [annotated(parameter, markers) or parameter for parameter in parameters.kwonly_params]
    if all(map(operator.is_, (*positional, *keyword_only), (*parameters.params, *parameters.kwonly_params))):
        return parameters
    optional = [parameter.default is not None for parameter in (*parameters.posonly_params, *positional)]
    if optional != sorted(optional):
        return parameters
    return parameters.with_changes(params=positional, kwonly_params=keyword_only)
