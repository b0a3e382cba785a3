"""Statements as a function of their own, which runs in a thread.

with open(path) as file:            def read_file():
    data = json.load(file)              with open(path) as file:
                                            data = json.load(file)
                                        return data

                                    data = await run_in_threadpool(read_file)
"""

from __future__ import annotations

from ....edits import Edits
from ....edits.lines import indent_of, lines_within_strings
from ....findings import Finding
from ....project import Span
from .helpers import Helper
from .stretches import Stretch


def write_stretch(stretch: Stretch, helper: Helper, edits: Edits, finding: Finding) -> None:
    """The statements become a function, which is awaited in a thread where they stood."""
    module = stretch.place.module
    span = stretch.span
    newline = module.source.newline
    start = max(module.text.rfind("\n", 0, span.start), module.text.rfind("\r", 0, span.start)) + 1
    indent = module.text[start : span.start]
    step = indent_of(edits.project, module)
    code = module.text[start : span.end]
    kept = lines_within_strings(code)
    body = "".join(
        f"{step}{line}" if line.strip() and number not in kept else line
        for number, line in enumerate(code.splitlines(keepends=True))
    )
    parameters = ", ".join(stretch.parameters)
    call = helper.call(stretch.name, parameters)
    tail = ""
    if stretch.results:
        results = ", ".join(stretch.results)
        tail = f"{newline}{indent}{step}return {results}"
        call = f"{results} = {call}"
    elif stretch.returns:
        call = f"return {call}"
    is_typed = stretch.place.function.returns is not None and not (stretch.results or stretch.returns or parameters)
    header = f"{indent}def {stretch.name}({parameters}){' -> None' if is_typed else ''}:{newline}"
    before = module.text[:start].rstrip(" \t")
    is_first = before.rstrip().endswith(":") or before.endswith(("\n\n", "\n\r\n", "\r\r"))
    text = f"{'' if is_first else newline}{header}{body}{tail}{newline}{newline}{indent}{call}"
    edits.replace(module, Span(start, span.end), text, finding)
