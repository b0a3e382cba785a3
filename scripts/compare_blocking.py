"""Which blocking calls ruff reports in a folder and `blocking-in-async` does not, line by line.

python scripts/compare_blocking.py FOLDER            the lines that only ruff reports
python scripts/compare_blocking.py FOLDER --ours     those that only we report

Calls on several lines count by the line where they start or where the called name ends, so that both tools agree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from fastapi_codemods.project import Project
from fastapi_codemods.project.calls import blocking_calls
from fastapi_codemods.source.discovery import is_test

RULES = "ASYNC210,ASYNC212,ASYNC220,ASYNC221,ASYNC222,ASYNC230,ASYNC240,ASYNC250,ASYNC251"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ours", action="store_true", help="print what only we report")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()

    ruff = reported_by_ruff(folder)
    project = Project.open(folder)
    ours: dict[tuple[str, int], str] = {}
    covered: set[tuple[str, int]] = set()
    for call in blocking_calls(project):
        way = " -> ".join(f"{step.function}:{step.path}:{step.line}" for step in call.steps[1:])
        ours[call.path, call.line] = f"{call.function}: {call.written} [{call.leaf}] {way}"
        covered.update((call.path, line) for line in range(call.line, call.end_line + 1))
    wanted = {place for place in ruff if place[0] in project.known_paths and not is_test(place[0])}
    missed = sorted(wanted - covered)
    extra = sorted(ours.keys() - ruff.keys())
    for path, line in extra if arguments.ours else missed:
        code = (folder / path).read_text("utf-8", "replace").splitlines()[line - 1].strip()
        print(f"{path}:{line}: {ours.get((path, line)) or ruff[path, line]}: {code}")
    print(
        f"ruff {len(wanted)} lines, of which we miss {len(missed)}; we {len(ours)}, of which ruff misses {len(extra)}",
        file=sys.stderr,
    )
    return 1 if missed else 0


def reported_by_ruff(folder: Path) -> dict[tuple[str, int], str]:
    """The rule that ruff names, by path and line."""
    command = ["ruff", "check", "--isolated", "--no-cache", "--preview", "--select", RULES]
    result = subprocess.run(
        [*command, "--output-format", "json", "--exit-zero", str(folder)], capture_output=True, text=True, check=True
    )
    return {
        (Path(item["filename"]).relative_to(folder).as_posix(), item["location"]["row"]): item["code"]
        for item in json.loads(result.stdout)
        if item["code"]
    }


if __name__ == "__main__":
    sys.exit(main())
