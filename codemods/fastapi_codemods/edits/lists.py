"""Moving what lists begin with from the routes of a router to the router."""

from __future__ import annotations

from ..findings import Finding
from ..project import Module, Span
from ..project.routers import Shared
from .calls import change_arguments
from .collect import Edits
from .lines import has_comment


def hoist(edits: Edits, shared: Shared, argument: str, finding: Finding) -> None:
    """`argument` of the router gets what that of its routes begins with, behind what it has."""
    module, call = shared.router.module, shared.router.made.call
    own = call.argument(argument)
    codes = list(shared.codes)
    if own is not None and (code := module.code(own.span)) != "None":
        inner = code[1:-1].strip().removesuffix(",")
        codes = [inner, *codes] if inner else codes
    change_arguments(edits, module, call, finding, values={argument: f"[{', '.join(codes)}]"})
    count = len(shared.codes)
    for operation, elements in shared.elements.values():
        if count < len(elements):
            edits.replace(operation.module, Span(elements[0].start, elements[count].start), "", finding)
        else:
            change_arguments(edits, operation.module, operation.call, finding, remove=[argument])


def reason_of_layout(shared: Shared, argument: str) -> str | None:
    """Why the text of the lists is not touched."""
    if any("\n" in code or "\r" in code for code in shared.codes):
        return f"what the {argument} begin with goes over several lines"
    count = len(shared.codes)
    for operation, elements in shared.elements.values():
        given = operation.call.argument(argument)
        assert given is not None
        end = elements[count].start if count < len(elements) else given.span.end
        if operation.call.unpacks:
            return f"the route at {operation.place} gets unpacked arguments"
        if _holds_comment(operation.module, Span(given.span.start, end)):
            return f"a comment stands in the {argument} of the route at {operation.place}"
    own = shared.router.made.call.argument(argument)
    if own is None or shared.router.module.code(own.span) == "None":
        return None
    code = shared.router.module.code(own.span)
    if not (code.startswith("[") and code.endswith("]")):
        return f"the {argument} of the router are not written as a list"
    if "\n" in code or "\r" in code:
        return f"the router has {argument} of its own that go over several lines"
    return None


def _holds_comment(module: Module, span: Span) -> bool:
    code = module.code(span)
    return has_comment(code if code.endswith("]") else f"{code.rstrip().removesuffix(',')}\n]")
