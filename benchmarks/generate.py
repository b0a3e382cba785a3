"""Write one FastAPI module with 300 routes and 600 old-style parameters, the same bytes every time.

    python benchmarks/generate.py main.py

What people have in mind when they say "our main.py has grown": five domains, handlers of some thirty lines
that read, check, compute and write, a session and a filter in each signature. The module can be imported.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROUTES = 300
DOMAINS = ("order", "invoice", "customer", "shipment", "ticket")
FILTERS = (
    ('limit: int = Query(50, ge=1, le=500, description="How many to return")', "limit"),
    ('offset: int = Query(0, ge=0, alias="from")', "offset"),
    ("x_trace: str | None = Header(None, max_length=64)", "x_trace"),
    ('session_id: str = Cookie("anonymous", min_length=3)', "session_id"),
    ('note: str = Query(default="", max_length=200)', "note"),
)

HEAD = '''"""Back office of a shop, all in one file."""

import logging
from datetime import datetime, timedelta

from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel

app = FastAPI(title="Back office")
logger = logging.getLogger(__name__)


class Store:
    def __init__(self) -> None:
        self.rows: dict[str, dict[int, dict]] = {}
        self.log: list[str] = []

    def table(self, name: str) -> dict[int, dict]:
        return self.rows.setdefault(name, {})

    def write(self, message: str) -> None:
        self.log.append(f"{datetime.now().isoformat()} {message}")


store = Store()


def get_store() -> Store:
    return store


class Change(BaseModel):
    title: str
    amount: int = 0
    tags: list[str] = []
    due: datetime | None = None
'''

HANDLER = '''

@app.{method}("/{plural}/{{{name}_id}}/step{number}", tags=["{plural}"])
async def {verb}_{name}_{number}(
    {name}_id: int,{body}
    db: Store = Depends(get_store),
    {filter},
):
    """{Verb} step {number} of one {name}, and say what became of it."""
    table = db.table("{plural}")
    row = table.get({name}_id)
    if row is None:
        logger.warning("{name} %s not found in step {number}", {name}_id)
        raise HTTPException(status_code=404, detail="{Name} not found")
    if row.get("closed") and {number} % 7:
        raise HTTPException(status_code=409, detail="{Name} is closed")
    total = 0
    seen: set[str] = set()
    for position, entry in enumerate(row.get("entries", [])):
        if entry["kind"] in seen:
            continue  # a kind counts once
        seen.add(entry["kind"])
        total += entry["amount"] * (position + {number})
    if total > {threshold}:
        db.write(f"{name} {{{name}_id}} above {threshold} in step {number}: {{total}}")
    deadline = datetime.now() + timedelta(days={days})
    row["total"] = total
    row["deadline"] = deadline.isoformat()
    row["{option}"] = {option}{change}
    table[{name}_id] = row
    return {{
        "id": {name}_id,
        "step": {number},
        "total": total,
        "kinds": sorted(seen),
        "deadline": deadline,
    }}
'''

CHANGE = """
    row["title"] = change.title.strip()
    row["tags"] = [tag.lower() for tag in change.tags if tag]"""


def handler(number: int) -> str:
    """The text of one route: domain, method and filter go round at different speeds."""
    name = DOMAINS[number % len(DOMAINS)]
    writes = number % 3 == 0
    parameter, option = FILTERS[number // len(DOMAINS) % len(FILTERS)]
    verb = "update" if writes else "review"
    return HANDLER.format(
        method="put" if writes else "get",
        verb=verb,
        Verb=verb.capitalize(),
        name=name,
        Name=name.capitalize(),
        plural=f"{name}s",
        number=number,
        body="\n    change: Change," if writes else "",
        change=CHANGE if writes else "",
        filter=parameter,
        option=option,
        threshold=1000 + 37 * number,
        days=1 + number % 30,
    )


def module(routes: int = ROUTES, *, by_domain: bool = False) -> str:
    """`by_domain`: one domain after the other, as `split-router` needs them."""
    numbers = range(1, routes + 1)
    return HEAD + "".join(map(handler, sorted(numbers, key=lambda n: n % len(DOMAINS)) if by_domain else numbers))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("output", type=Path, help="the file to write; - for standard output")
    parser.add_argument("--routes", type=int, default=ROUTES, help="default: %(default)s")
    arguments = parser.parse_args()
    text = module(arguments.routes)
    if str(arguments.output) == "-":
        sys.stdout.write(text)
    else:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
