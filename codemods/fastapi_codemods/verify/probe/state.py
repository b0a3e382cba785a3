"""What the application leaves behind in the module-level variables of the project, and which of its functions ran."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

LONGEST = 500


def footprint(root: str) -> dict[str, str]:
    """By name, what the project's variables hold now: simple values as they are, others by type and size.

    Names go without their module: code that moves takes its variables along. One name in two modules is both.
    """
    found: dict[str, list[str]] = {}
    seen: set[tuple[str, int]] = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.startswith(root + os.sep) or "site-packages" in file:
            continue
        for name, value in list(vars(module).items()):
            if name.startswith("__") or isinstance(value, (types.ModuleType, type)) or callable(value):
                continue
            if (name, id(value)) in seen:
                continue  # the same object, imported elsewhere
            seen.add((name, id(value)))
            found.setdefault(name, []).append(spelled(value))
    return {name: " | ".join(sorted(values)) for name, values in found.items()}


def changed(before: dict[str, str], after: dict[str, str]) -> dict[str, Any]:
    """The names whose value is another one, with it; and all names, so that one that is gone can be told apart."""
    values = {name: value for name, value in after.items() if before.get(name) != value}
    return {"values": values, "names": sorted(after)}


def spelled(value: Any) -> str:
    size = "" if not hasattr(value, "__len__") or isinstance(value, (str, bytes)) else f" of {safe_length(value)}"
    if is_simple(value, 0):
        text = repr(sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value)
        if len(text) <= LONGEST:
            return text
        return f"{type(value).__name__}{size}, {len(text)} characters: {text[:LONGEST]}..."
    return type(value).__name__ + size


def safe_length(value: Any) -> int:
    try:
        return len(value)
    except Exception:
        return -1


def is_simple(value: Any, depth: int) -> bool:
    if value is None or type(value) in (bool, int, float, str, bytes):
        return True
    if type(value) in (list, tuple, set, frozenset) and depth < 3 and len(value) < 1000:
        return all(is_simple(item, depth + 1) for item in value)
    if type(value) is dict and depth < 3 and len(value) < 1000:
        return all(is_simple(key, 3) and is_simple(item, depth + 1) for key, item in value.items())
    return False


class Calls:
    """Records the names of the project's functions that run in this thread while it is entered."""

    def __init__(self, root: str) -> None:
        self.names: list[str] = []
        self.prefix = root + os.sep

    def __enter__(self) -> None:
        sys.setprofile(self.seen)

    def __exit__(self, *_: Any) -> None:
        sys.setprofile(None)

    def seen(self, frame: Any, event: str, _: Any) -> None:
        if event == "call" and len(self.names) < 200:
            code = frame.f_code
            is_own = code.co_filename.startswith(self.prefix) and not code.co_name.startswith("<")
            if is_own and code.co_name not in self.names:
                self.names.append(code.co_name)
