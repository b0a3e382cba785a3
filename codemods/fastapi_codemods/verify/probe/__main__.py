"""What runs in the project's own interpreter: imports the application and answers questions about it.

Needs nothing but the standard library and the project's FastAPI, 0.95 to the newest, on Python 3.8 and later. Started
as a script with two file descriptors, one for questions and one for answers, both one line of JSON each:

    {"ask": "import", "roots": [...], "app": "main:app", ...}    -> {"versions": {...}}
    {"ask": "describe", "paths": null, ...}                      -> {"routes": [...], "openapi": ..., "decisions": ...}
    {"ask": "replay", "requests": [...], ...}                    -> {"answer": ...} for each, then {"lifespan": ...}

An error is {"error": {...}}. The application may print, fork, exit or hang: answers have a descriptor of their own,
only the process that was started gives any, and whoever started it ends it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from typing import Any

PACKAGE = "_fastapi_codemods_probe"


def load_package() -> Any:
    """This folder as a package under a name that no project has; the folder itself leaves `sys.path`."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    package = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)  # type: ignore[union-attr]
    return importlib.import_module(PACKAGE + ".session")


def described(error: BaseException, roots: list[str]) -> dict[str, object]:
    """An exception for people: its text, and the last line of the project that it passed."""
    place = None
    for frame in traceback.extract_tb(error.__traceback__):
        if any(frame.filename.startswith(root + os.sep) for root in roots):
            place = f"{frame.filename}:{frame.lineno}"
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}:{error.lineno}"
    try:
        text = str(error)
    except Exception:
        text = ""
    is_network = isinstance(error, ConnectionError) or type(error).__name__ == "gaierror"
    seen: BaseException | None = error
    while seen is not None and not is_network:
        is_network = isinstance(seen, OSError) and seen.errno in (101, 113)
        seen = seen.__cause__ or seen.__context__
    return {
        "type": type(error).__name__,
        "text": text[:2000],
        "place": place,
        "network": is_network,
        "variable": error.args[0] if isinstance(error, KeyError) and error.args else None,
    }


def end_with_parent(parent: int) -> None:
    """Whoever started the probe may be killed before it can end what it started."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    end_with_parent(int(sys.argv[4]))
    questions, answers = os.fdopen(int(sys.argv[1]), "r"), int(sys.argv[2])
    for descriptor in (questions.fileno(), answers):
        os.set_inheritable(descriptor, False)
    process = os.getpid()
    root = sys.argv[3]
    sys.argv[:] = [os.path.join(root, "probe")]

    def answer(value: dict[str, object]) -> None:
        if os.getpid() != process:
            os._exit(0)  # the application forked while it was imported: one of the two goes on
        data = json.dumps(value).encode() + b"\n"
        while data:
            data = data[os.write(answers, data) :]

    try:
        session = load_package().Session(root, answer)
        for line in questions:
            question = json.loads(line)
            try:
                answer(session.answer(question))
            except (Exception, SystemExit) as error:
                answer({"error": described(error, [root])})
    except BaseException as error:
        answer({"error": described(error, [root])})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads and exit handlers of the application are of no interest


main()
