"""What shows that a function works for long: it does not end, sleeps, starts programs, trains, converts.

Functions of the project that it calls are followed. What is not seen may be heavy, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source.nodes import walk
from .index import Project
from .started_work import calls_in, definition_of_callee, symbol_of
from .types import Frame, Types, own_nodes

LONG_SLEEP = 10
"""Seconds."""

FUNCTIONS_FOLLOWED = 40

_PROGRAMS = re.compile(
    r"subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)\Z|os\.(?:system|popen|spawn\w+)\Z"
    r"|asyncio\.create_subprocess_(?:exec|shell)\Z"
)
_LIBRARIES = frozenset(
    {
        "cv2", "datasets", "diffusers", "faster_whisper", "ffmpeg", "joblib", "keras", "librosa", "lightgbm",
        "moviepy", "onnxruntime", "pandas", "polars", "pydub", "pyspark", "pytesseract", "sentence_transformers",
        "sklearn", "spacy", "tensorflow", "torch", "transformers", "whisper", "xgboost", "yt_dlp",
    }
)  # fmt: skip
# A question about what is there, and data taken from values that are there: nothing of these takes long.
_LIGHT = re.compile(
    r"(?:is_available|device|device_count|isna|isnull|notna|Timestamp|Timedelta|to_datetime|DataFrame|Series|__\w+__"
    r"|mem_get_info|set_num_threads|manual_seed|empty_cache|no_grad|inference_mode)\Z"
)


class Evidence(NamedTuple):
    what: str
    """`runs `subprocess.run``, `does not end`; a part of a sentence."""
    path: str
    line: int
    is_endless: bool = False


def evidence_of(project: Project, types: Types, start: Frame) -> Evidence | None:
    """The first thing that shows it, in the function itself or one that it calls."""
    key = "heavy work", symbol_of(start)
    return project.remembered(key, lambda: next(_evidence(types, start), None))


def is_endless(function: ast.AST) -> ast.While | None:
    """A loop that nothing leaves."""
    for node in own_nodes(function):
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value:
            inside = [part for statement in node.body for part in walk(statement)]
            if not any(isinstance(part, ast.Break | ast.Return | ast.Raise) for part in inside):
                return node
    return None


def polls(function: ast.AST) -> ast.While | None:
    """A loop that sleeps between two looks, until something else happens."""
    for node in own_nodes(function):
        if isinstance(node, ast.While) and any(
            isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "sleep"
            for statement in node.body
            for part in walk(statement)
        ):
            return node
    return None


def _evidence(types: Types, start: Frame) -> Iterator[Evidence]:
    waiting, seen = [start], {symbol_of(start)}
    while waiting:
        frame = waiting.pop(0)
        module, node = frame.module, frame.nodes[-1]
        before = _lines_before(frame)
        if (loop := is_endless(node)) is not None:
            yield Evidence("does not end", module.path, before + loop.lineno, is_endless=True)
        for call in calls_in(node):
            value = types.value(frame, call.func)
            if value is not None and value.symbol.path is None and not value.is_object:
                if what := _heavy(value.symbol.name, call):
                    yield Evidence(what, module.path, before + call.lineno)
                continue
            called = definition_of_callee(types, frame, call.func)
            if called is not None and symbol_of(called) not in seen and len(seen) < FUNCTIONS_FOLLOWED:
                seen.add(symbol_of(called))
                waiting.append(called)


def _lines_before(frame: Frame) -> int:
    """Lines in front of the top-level statement, in which its nodes count their own."""
    bindings = frame.module.bindings(getattr(frame.nodes[0], "name", ""))
    return frame.module.facts.statements[bindings[0].statement].line - 1 if bindings else 0


def _heavy(name: str, call: ast.Call) -> str:
    if _PROGRAMS.match(name):
        return f"runs another program (`{name}`)"
    if name in ("time.sleep", "asyncio.sleep") and call.args and isinstance(call.args[0], ast.Constant):
        seconds = call.args[0].value
        if isinstance(seconds, int | float) and seconds > LONG_SLEEP:
            return f"sleeps for {seconds} seconds"
    if name.partition(".")[0] in _LIBRARIES and not _LIGHT.search(name):
        return f"computes (`{name}`)"
    return ""
