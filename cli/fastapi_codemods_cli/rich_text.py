"""What is worth Rich on a terminal: a table, a page of documentation. Imported only then: it costs 60 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*titles[:-1], box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in table.columns:
        column.no_wrap = True
    table.add_column(titles[-1])
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def print_markdown(text: str) -> None:
    _console().print(Markdown(text, code_theme="ansi_dark"))


def _console() -> Console:
    return Console(markup=False, highlight=False, emoji=False)
