"""Hold `fastapi-codemods verify --replay` against a folder of cases with trees before, after and naive.

    python scripts/verify_cases.py /work/shared/cases [--python PY] [--jobs N]

A case is `CODEMOD/CASE/{before,after,naive}/` with `case.json` (`entry`, `safety`, `valid_before`, `expect`). Every
`naive/` must differ from its `before/` (exit 1, the difference named), every `after/` of a case that is `safe` or
`serial-safe` must not (exit 0). Exit status: 0 when that holds, 1 when not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

NAMED = re.compile(r"^[a-z-]+: .+: .+", re.MULTILINE)


class Check(NamedTuple):
    name: str
    before: Path
    after: Path
    app: str
    expected: int


def checks(cases: Path) -> list[Check]:
    found = []
    for file in sorted(cases.glob("*/*/case.json")):
        case = json.loads(file.read_text("utf-8"))
        folder = file.parent
        name = f"{folder.parent.name}/{folder.name}"
        if not case.get("valid_before", True):
            continue
        if (folder / "naive").is_dir():
            found.append(Check(f"{name}/naive", folder / "before", folder / "naive", case["entry"], 1))
        # Of a case that is to be reported only, `after/` is a change that people may want, not one that is the same.
        if (folder / "after").is_dir() and case["safety"] in ("safe", "serial-safe") and case["expect"] == "rewrite":
            found.append(Check(f"{name}/after", folder / "before", folder / "after", case["entry"], 0))
    return found


def run(check: Check, python: str) -> tuple[Check, int, str, float]:
    start = time.monotonic()
    done = subprocess.run(
        [
            sys.executable, "-m", "fastapi_codemods_cli", "verify", str(check.after), "--against", str(check.before),
            "--app", check.app, "--replay", "--python", python,
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return check, done.returncode, done.stdout + done.stderr, time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--python", default=sys.executable, help="has FastAPI (default: this one)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="print what verify says for each")
    arguments = parser.parse_args()
    failures = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for check, code, said, seconds in pool.map(lambda c: run(c, arguments.python), checks(arguments.cases)):
            # Python's own exit code is 1 as well: the difference must be named.
            holds = code == check.expected and (code == 0 or NAMED.search(said) is not None)
            failures += not holds
            print(f"{'ok  ' if holds else 'FAIL'} {check.name}: exit {code}, {seconds:.1f} s", flush=True)
            if arguments.verbose or not holds:
                print("".join(f"    {line}\n" for line in said.splitlines()), end="")
    print(f"{failures} of {len(checks(arguments.cases))} do not hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
