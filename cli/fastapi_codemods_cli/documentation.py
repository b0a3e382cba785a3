"""A codemod's documentation: its docstring and the fixture called `example`, as one page of Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fastapi_codemods.codemod import Codemod


class Example(NamedTuple):
    """Files before and after, by their path in the example; a single file is called `main.py`."""

    before: dict[str, str]
    after: dict[str, str]


def page(codemod: Codemod) -> str:
    """Markdown: title, safety, docstring, example."""
    parts = [
        f"# {codemod.name}",
        f"Chapter: {codemod.chapter}. Safety: {codemod.safety.label}.",
        codemod.documentation,
    ]
    shown = example(codemod.name)
    if shown is not None:
        parts.append("## Example")
        for title, files in (("Before", shown.before), ("After", shown.after)):
            for name, text in files.items():
                caption = f"{title}:" if len(files) == 1 else f"{title}, `{name}`:"
                parts.append(f"{caption}\n\n{_fenced(text)}")
    return "\n\n".join(parts) + "\n"


def example(name: str) -> Example | None:
    """The example of that codemod, if it has one."""
    for folder in _example_folders(name):
        before = _files(folder, "before")
        if before:
            return Example(before, _files(folder, "after"))
    return None


def _example_folders(name: str) -> tuple[Path, ...]:
    """In an installed package the examples stand beside this file, in a checkout they are fixtures."""
    here = Path(__file__).parent
    fixtures = here.parents[1] / "tests" / "fixtures"
    return tuple(folder / name / "example" for folder in (here / "examples", fixtures))


def _files(folder: Path, side: str) -> dict[str, str]:
    single = folder / f"{side}.py"
    if single.is_file():
        return {"main.py": single.read_text(encoding="utf-8")}
    tree = folder / side
    return {path.relative_to(tree).as_posix(): path.read_text(encoding="utf-8") for path in sorted(tree.rglob("*.py"))}


def _fenced(text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}python\n{text.rstrip()}\n{fence}"
