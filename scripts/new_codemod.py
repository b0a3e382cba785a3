"""Starts a codemod: its module and its fixture folder, with everything still to be written marked TODO.

    python scripts/new_codemod.py remove-ellipsis-required --chapter dependencies

The tests fail until the TODOs are gone; docs/writing-a-codemod.md says how to get there.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from string import Template

from fastapi_codemods import registry

ROOT = Path(__file__).resolve().parents[1]
CONVENTIONS = ROOT / "codemods" / "fastapi_codemods" / "conventions"
FIXTURES = ROOT / "tests" / "fixtures"

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")

MODULE = Template('''\
"""TODO: what this codemod establishes, in one line that ends with a full stop.

## Why

TODO: what is better afterwards, for whom.

## Left alone

TODO: each reason of this module, in the words of a user.

## Safety

TODO: what stays the same and how that is known.

https://fastapi.tiangolo.com/TODO
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...codemod import Codemod
from ...findings import Finding, Safety

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...edits import Edits
    from ...project import Project


class $class_name(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        raise NotImplementedError

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        raise NotImplementedError
''')

EXAMPLE = """\
from fastapi import FastAPI

app = FastAPI()


# TODO: the smallest handler that shows the departure; `pytest --accept` writes after.py beside this file.
@app.get("/items")
def list_items() -> list[str]:
    return []
"""

NOTHING_TO_FIND = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/items")
def list_items() -> list[str]:
    return []
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="words with hyphens; says what is established or removed: on-event-to-lifespan")
    parser.add_argument("--chapter", required=True, choices=registry.chapters(), help="where it stands in conventions/")
    arguments = parser.parse_args()

    name: str = arguments.name
    module = CONVENTIONS / arguments.chapter / f"{name.replace('-', '_')}.py"
    fixtures = FIXTURES / name
    if not NAME.fullmatch(name):
        parser.error(f"{name!r} is no codemod's name: two or more words of a-z and 0-9 with hyphens between them")
    if name in registry.chapters() or any(codemod.name == name for codemod in registry.all_codemods()):
        parser.error(f"there is a codemod or chapter {name!r} already")
    for path in (module, module.with_suffix(""), fixtures):
        if path.exists():
            parser.error(f"{path.relative_to(ROOT)} exists already")

    class_name = "".join(word.capitalize() for word in name.split("-"))
    files = {
        module: MODULE.substitute(class_name=class_name),
        fixtures / "example" / "before.py": EXAMPLE,
        fixtures / "code_that_keeps_the_convention_stays" / "before.py": NOTHING_TO_FIND,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    print("next: docs/writing-a-codemod.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
