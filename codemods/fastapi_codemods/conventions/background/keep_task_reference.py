"""A task that nobody waits for is kept until it is done.

    asyncio.create_task(notify(user))   ->   task = asyncio.create_task(notify(user))
                                             _background_tasks.add(task)
                                             task.add_done_callback(_background_tasks.discard)

`_background_tasks = set()` comes to the module unless it has such a set already.

## Why

The event loop keeps only a weak reference to a task. One whose result nobody takes may be collected before it has
run.

## Left alone

- Tasks that are assigned, awaited, put somewhere or given to `gather`, and those of a `TaskGroup`, which keeps them.
  They are no finding.
- Statements that share their line with others, and functions that have other meanings for the names.
- Modules whose tests patch `create_task`.
- `create-task-to-background-tasks`, selected by its name, is the other remedy in handlers: it also makes errors
  visible.

## Safety

Safe: the task runs as before, and now certainly to its end.

See <https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task>, and for work of handlers
<https://fastapi.tiangolo.com/tutorial/background-tasks/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lines import stands_alone
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.code_strings import may_be_patched, strings_by_name
from ...project.reader import Positions, statements_within
from ...project.started_work import Started, tasks_started
from ...project.suspension import locals_of

SET = "_background_tasks"
SUBSCRIPTED_SINCE = (3, 9)
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?")
_KEEPS = re.compile(r"add_done_callback\(\s*(\w+)\.discard\s*\)")


class _Subject(NamedTuple):
    started: Started
    task: str
    """The name that the task gets."""
    tasks: str
    """The set that keeps it."""
    is_new: bool


class KeepTaskReference(Codemod):
    safety = Safety.SAFE
    after = ("create-task-to-background-tasks",)
    effects = frozenset({"state"})

    def find(self, project: Project) -> Iterator[Finding]:
        relevant = {module.path for module in project.modules()}
        for started in tasks_started(project):
            function = started.function
            if not self.is_named and function.module.path not in relevant:
                continue
            result = _subject(project, started)
            written = started.written
            yield self.finding(
                function.location(started.statement),
                f"nothing keeps the task of `{written}` in `{function.name}`: it may be gone before it has run",
                anchor=f"{function.name}.{written}",
                left_alone=result if isinstance(result, str) else None,
                subject=result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            started = subject.started
            module, positions = started.function.module, started.function.positions
            whole = positions.span(started.statement)
            line_start = max(module.text.rfind("\n", 0, whole.start), module.text.rfind("\r", 0, whole.start)) + 1
            margin = module.text[line_start : whole.start]
            newline = module.source.newline
            if not started.name:
                edits.insert(module, whole.start, f"{subject.task} = ", finding)
            text = (
                f"{newline}{margin}{subject.tasks}.add({subject.task})"
                f"{newline}{margin}{subject.task}.add_done_callback({subject.tasks}.discard)"
            )
            rest = _REST_OF_LINE.match(module.text, whole.end)
            edits.insert(module, rest.end() if rest is not None else whole.end, text, finding)
            if subject.is_new and (offset := _end_of_imports(module)) is not None:
                known = next((name for name, targets in module.imports.items() if targets == ["asyncio"]), None)
                is_typed = known is not None and project.versions.supports_python(SUBSCRIPTED_SINCE)
                kind = f": set[{known}.Task]" if is_typed else ""
                edits.insert(module, offset, f"{newline}{newline}{SET}{kind} = set()", finding)


def _subject(project: Project, started: Started) -> _Subject | str:
    function = started.function
    module = function.module
    whole = function.positions.span(started.statement)
    if not stands_alone(module, whole) or "\\" in module.text[whole.start : whole.end]:
        return "another statement stands on the same line"
    if _is_patched(project, module):
        return "a test patches `create_task` in this module"
    local = locals_of(function.node)
    for node in function.outside:
        local |= locals_of(node) if not isinstance(node, ast.ClassDef) else set()
    tasks = _set_of(module)
    if (tasks or SET) in local or (tasks is None and module.bindings(SET)):
        return f"`{tasks or SET}` is another name here"
    if tasks is None and _end_of_imports(module) is None:
        return "the module has no place for a set of tasks"
    if started.name:
        return _Subject(started, started.name, tasks or SET, tasks is None)
    name = next((name for name in ("task", "background_task", "started_task") if name not in local), None)
    if name is None:
        return "the function uses all names that the task could get"
    return _Subject(started, name, tasks or SET, tasks is None)


def _set_of(module: Module) -> str | None:
    """A set of the module in which it keeps tasks already."""
    for name in dict.fromkeys(match.group(1) for match in _KEEPS.finditer(module.text)):
        bindings = module.bindings(name)
        if len(bindings) == 1 and bindings[0].kind == "assign" and re.search(rf"\b{name}\.add\(", module.text):
            return name
    return None


def _end_of_imports(module: Module) -> int | None:
    """The end of the line on which the imports at the head of a module end, without the line's end."""
    last = None
    for index, statement in enumerate(module.facts.statements):
        if statement.word in ("import", "from") or (last is not None and _only_imports(module, index)):
            last = index
        elif last is not None:
            break
    if last is None:
        return None
    statement = module.facts.statements[last]
    positions = Positions(module.statement_text(last), statement.start, statement.line)
    end = positions.span(module.tree(last).body[-1]).end
    rest = _REST_OF_LINE.match(module.text, end)
    return rest.end() if rest is not None else end


def _only_imports(module: Module, index: int) -> bool:
    """`if TYPE_CHECKING:` and `try:` around imports belong to those."""
    if module.facts.statements[index].word not in ("if", "try"):
        return False
    inside = statements_within(module.tree(index).body)
    plain = (ast.If, ast.Try, ast.Import, ast.ImportFrom, ast.Assign, ast.Pass)
    is_plain = all(isinstance(one, plain) for one in inside)
    return is_plain and any(isinstance(one, ast.Import | ast.ImportFrom) for one in inside)


def _is_patched(project: Project, module: Module) -> bool:
    """Whether a test puts something else in the place of `create_task`, which may give no task."""
    if not may_be_patched(project, b"create_task"):
        return False
    strings = strings_by_name(project)
    return any(
        string.kind == "patch" and string.text.endswith("create_task")
        for name in ("create_task", "asyncio")
        for string in strings.get((module.path, name), ())
    )
