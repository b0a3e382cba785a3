"""Providers: functions that `Depends` calls, and the aliases by which handlers ask for what they give.

    def get_mailer() -> Mailer:
        return mailer


    MailerDep = Annotated[Mailer, Depends(get_mailer)]

What they are called and how parameters are written follows the project (`Habits`); what there is already is found and
used again (`alias_of`). Nothing is decided in `rewrite`: `find` asks for a place and for names, and gets a reason where
there is none.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project, Symbol
from ..project.enclosing import statement_at
from ..project.reader import dotted
from ..project.references import uses
from ..project.singletons import TypeText
from ..project.versions import spelled
from ..source.discovery import is_test
from .collect import Edits, ImportRequest
from .imports import reachable_as
from .lines import indent_of, start_with_comments
from .models import pascal, reference, statement_end
from .parameters import Piece

ANNOTATED_SINCE = (0, 95)
# The first release with it reads a router's parameters twice and refuses them; 0.95.1 mended that.
ANNOTATED_BROKEN_IN = (0, 95, 0)
ENOUGH = 3
MAJORITY = 0.7

Key = tuple[str, str]
"""Module and name of a wanted import."""


# What the project does


class Habits(NamedTuple):
    annotated: bool
    """Parameters are written with `Annotated`."""
    provider: str
    """How providers are called, with `{}` for what they give: `get_{}`."""
    alias: str
    """How aliases are called, with `{}` for what they stand for: `{}Dep`."""


_ALIAS = re.compile(
    r"^(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+\.)?Annotated\[[^=]*?\b(?:Depends|Security)\(", re.MULTILINE
)
_INJECTED = re.compile(r"\b(?:Depends|Security)\(\s*([A-Za-z_][\w.]*)\s*[,)]")
_OLD_STYLE = re.compile(r"[:\w\]]\s*=\s*(?:\w+\.)?(?:Depends|Security)\(")
_NEW_STYLE = re.compile(r"\bAnnotated\[[^=\n]*\b(?:Depends|Security|Query|Path|Header|Body)\(")


def habits_of(project: Project) -> Habits:
    return project.remembered("habits of providers", lambda: _habits_of(project))


def _habits_of(project: Project) -> Habits:
    old = new = 0
    providers: list[str] = []
    aliases: list[str] = []
    for module in project.modules():
        if is_test(module.path) or b"Depends" not in module.data:
            continue
        text = module.text
        old += len(_OLD_STYLE.findall(text))
        new += len(_NEW_STYLE.findall(text))
        providers += (name.rpartition(".")[2] for name in _INJECTED.findall(text))
        aliases += _ALIAS.findall(text)
    usual = _usual(list(dict.fromkeys(providers)), _provider_style)
    alias = _usual(list(dict.fromkeys(aliases)), _alias_style)
    return Habits(new >= old if new or old else True, usual or "get_{}", alias or "{}Dep")


def _usual(names: list[str], style: object) -> str:
    """The style of most of the names; empty where they have none."""
    assert callable(style)
    found = [one for name in names if (one := style(name))]
    for one in sorted(set(found), key=found.count, reverse=True):
        if found.count(one) >= ENOUGH and found.count(one) >= MAJORITY * len(names):
            return str(one)
    return ""


def _provider_style(name: str) -> str:
    for style in ("get_{}", "provide_{}", "{}_provider", "{}_dependency", "{}_dep"):
        before, after = style.split("{}")
        if name.startswith(before) and name.endswith(after) and len(name) > len(before + after):
            return style
    return ""


def _alias_style(name: str) -> str:
    for style in ("{}Dep", "{}Dependency", "{}Depends"):
        if name.endswith(style[2:]) and len(name) > len(style) - 2:
            return style
    return ""


def uses_annotated(project: Project, module: Module) -> bool:
    """Whether a parameter of this module is to be written with `Annotated`: FastAPI has it, and the file, else the
    project, does not write them otherwise."""
    return module.remembered((project, "uses Annotated"), lambda: _uses_annotated(project, module))


def _uses_annotated(project: Project, module: Module) -> bool:
    if reason_against_annotated(project) is not None:
        return False
    text = module.text
    old, new = len(_OLD_STYLE.findall(text)), len(_NEW_STYLE.findall(text))
    imported = _uses_of_aliases(module)
    if old or new or imported:
        return new + imported >= old
    return habits_of(project).annotated


def _uses_of_aliases(module: Module) -> int:
    """Parameters of the module that are written as an alias with a usual name: `session: SessionDep`."""
    return len(re.findall(r":\s*\w+(?:Dep|Depends|Dependency)\b", module.text))


def reason_against_annotated(project: Project) -> str | None:
    versions = project.versions
    if not versions.supports_fastapi(ANNOTATED_SINCE):
        return (
            f"Annotated needs FastAPI {spelled(ANNOTATED_SINCE)}, and {versions.fastapi_source}"
            f" allows {spelled(versions.fastapi)}"
        )
    if versions.fastapi == ANNOTATED_BROKEN_IN:
        return (
            f"{versions.fastapi_source} allows FastAPI {spelled(ANNOTATED_BROKEN_IN)}, where Annotated fails on routers"
        )
    return None


def annotated_of(project: Project) -> str:
    return "typing.Annotated" if project.versions.supports_python((3, 9)) else "typing_extensions.Annotated"


# What there is


def alias_of(project: Project, provider: Symbol) -> Symbol | None:
    """The alias by which the project asks for what a provider gives, the one that is used first if there are several:
    `MailerDep = Annotated[Mailer, Depends(get_mailer)]`."""
    return project.remembered(("alias of", provider), lambda: next(_aliases(project, provider), None))


def _aliases(project: Project, provider: Symbol) -> Iterator[Symbol]:
    for use in uses(project, [provider])[provider]:
        if use.kind != "injected" or is_test(use.path):
            continue
        module = project.module(use.path)
        node = statement_at(module, use.line) if module is not None else None
        match node:
            case (
                ast.Assign(
                    targets=[ast.Name(id=name)], value=ast.Subscript(value=head, slice=ast.Tuple(elts=[_, made]))
                )
                | ast.AnnAssign(
                    target=ast.Name(id=name), value=ast.Subscript(value=head, slice=ast.Tuple(elts=[_, made]))
                )
            ) if dotted(head).rpartition(".")[2] == "Annotated" and isinstance(made, ast.Call):
                if not made.keywords and len(made.args) == 1:
                    yield Symbol(use.path, name)
            case _:
                pass


# Types


class Written(NamedTuple):
    code: str
    imports: tuple[Key, ...] = ()


_NAME = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")


def type_in(project: Project, type_: TypeText, module: Module, before: int | None = None) -> Written | None:
    """A type in the words of a module, where it can be evaluated in front of its statement number `before`; None where
    it cannot be named there."""
    if not type_.home:
        found = reachable_as(module, type_.code)
        if found is None:
            return None
        return Written(found.expression, (found.request,) if found.request is not None else ())
    home = project.module(type_.home)
    if home is None:
        return None
    imports: list[Key] = []
    failed = False

    def translated(match: re.Match[str]) -> str:
        nonlocal failed
        name = match.group()
        head = name.partition(".")[0]
        if not home.bindings(head) and hasattr(builtins, head) and not module.bindings(head):
            return name
        if home.path == module.path:
            places = [binding.statement for binding in module.bindings(head)]
            if not places or (before is not None and min(places) >= before) or head not in _bound_at_run_time(module):
                failed = True
            return name
        symbol = project.resolve(home, name)
        named = reference(project, module, symbol) if symbol is not None else None
        if named is None:
            failed = True
            return name
        if named.request is not None:
            imports.append(named.request)
        elif before is not None:
            bound = [binding.statement for binding in module.bindings(named.expression.partition(".")[0])]
            failed = failed or (bool(bound) and min(bound) >= before)
        return named.expression

    code = type_.code
    if _TEXT.search(code) is not None or not _is_understood(project, code):
        return None
    written = _NAME.sub(translated, code)
    return None if failed else Written(written, tuple(imports))


_BUILTIN_GENERIC = re.compile(r"\b(?:dict|frozenset|list|set|tuple|type)\[")


def _is_understood(project: Project, code: str) -> bool:
    """Whether every Python that the project supports can evaluate a type; in annotations it may not have had to."""
    versions = project.versions
    if "|" in code and not versions.supports_python((3, 10)):
        return False
    return _BUILTIN_GENERIC.search(code) is None or versions.supports_python((3, 9))


def _bound_at_run_time(module: Module) -> frozenset[str]:
    """Module-level names without those that are imported for type checkers alone."""

    def read() -> frozenset[str]:
        only = {item.local for item in module.facts.imports if not item.scopes and item.type_checking}
        return frozenset(name for name in module.facts.bindings if name not in only or name in module.imports)

    return module.remembered("bound at run time", read)


# New ones


class Place(NamedTuple):
    offset: int
    before: int
    """Number of the statement in front of which it is."""


_SIMPLE = re.compile(r"[A-Za-z_][\w.]*[ \t]*(?::[^=\n]+)?=(?!=)")


def place_of(module: Module, own: int | None, first_use: int | None, *, at_once: bool = False) -> Place | None:
    """Where a provider goes: below the statement number `own`, that of what it gives, and the assignments directly
    below it, or above the statement `first_use` where that comes before. `at_once`: directly below `own`, as other
    modules may be imported by what follows."""
    statements = module.facts.statements
    if own is None or (first_use is not None and own >= first_use):
        if first_use is None:
            return None
        return Place(start_with_comments(module, statements[first_use].start), first_use)
    last = own
    while not at_once and last + 1 < len(statements) and (first_use is None or last + 1 < first_use):
        following = statements[last + 1]
        between = module.text[statement_end(module, last) : following.start]
        if between.count("\n") > 1 or not _SIMPLE.match(module.statement_text(last + 1)):
            break
        if ";" in module.statement_text(last):
            break
        last += 1
    return Place(statement_end(module, last), last + 1)


class NewProvider(NamedTuple):
    """A provider, an alias or both that are to be made in a module."""

    home: Module
    place: Place
    function: str
    """Its name; empty where the provider exists already."""
    alias: str
    """Its name; empty where none is wanted."""
    provider: str
    """How the module names the provider."""
    type: Written | None
    returned: str
    """The expression that the provider returns."""
    is_async: bool


def names_for(
    project: Project, module: Module, name: str, taken: Collection[str], users: Collection[Module] = ()
) -> tuple[str, str] | str:
    """Names of a provider and an alias for what a module calls `name`, which are free there and in the modules that
    will use them; or why there are none."""
    habits = habits_of(project)
    base = name.strip("_").lower() or name

    def free(*wanted: str) -> str | None:
        free_here = [one for one in wanted if not module.bindings(one) and one not in taken]
        everywhere = (one for one in free_here if not any(user.bindings(one) for user in users))
        return next(everywhere, free_here[0] if free_here else None)

    function = free(habits.provider.format(base), f"provide_{base}", f"{base}_provider")
    alias = free(habits.alias.format(pascal(base)), f"{pascal(base)}Dep", f"{pascal(base)}Dependency")
    if function is None or alias is None:
        return f"the names that a provider of it would have are taken in {module.path}"
    return function, alias


def write(edits: Edits, new: NewProvider, finding: Finding) -> None:
    """Put a provider and its alias into their module, with what they import. Several findings may ask for one."""
    module = new.home
    newline = module.source.newline
    project = edits.project
    texts: list[str] = []
    for key in new.type.imports if new.type is not None else ():
        edits.requests.append(ImportRequest(module.path, *key, finding))
    if new.function:
        unit = indent_of(project, module)
        start = "async def" if new.is_async else "def"
        returns = f" -> {new.type.code}" if new.type is not None else ""
        texts.append(f"{start} {new.function}(){returns}:{newline}{unit}return {new.returned}")
    if new.alias and new.type is not None:
        annotated = edits.name(module, annotated_of(project), finding)
        depends = edits.name(module, "fastapi.Depends", finding)
        texts.append(f"{new.alias} = {annotated}[{new.type.code}, {depends}({new.provider})]")
    text = (newline * 3).join(texts)
    offset = new.place.offset
    is_above = module.text[offset : offset + 1].strip() != "" and (offset == 0 or module.text[offset - 1] in "\r\n")
    if is_above:
        edits.insert(module, offset, f"{text}{newline * 3}", finding)
        return
    edits.insert(module, offset, f"{newline * 3}{text}", finding)
    rest = module.text[offset:]
    white = rest[: len(rest) - len(rest.lstrip())]
    wanted = 2 if new.alias else 3
    if rest.strip() and white.count("\n") < wanted and white.startswith(("\n", "\r\n")):
        # On the next line, so that it comes behind whatever else is put here.
        edits.insert(module, offset + len(newline), newline * (wanted - white.count("\n")), finding)


# Parameters


def parameter(name: str, type_: str, provider: str, depends: str) -> Piece:
    """A parameter that a provider fills: by an alias where `provider` is empty, else by a default."""
    if not provider:
        return Piece(name, f"{name}: {type_}", False, "")
    annotation = f": {type_} = " if type_ else "="
    return Piece(name, f"{name}{annotation}{depends}({provider})", True, "")
