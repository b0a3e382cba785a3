"""Answers to the same requests compared; what differs between two runs of the application before counts for nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .model import Difference
from .runs import Run

Answer = Mapping[str, Any]

_INSTANT = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)([T ])(\d\d):(\d\d)(:\d\d)?(\.\d+)?")
_EPOCH = re.compile(r"\b1[6-9]\d{8}(?:\d{3})?(?:\.\d+)?\b")
_LINE_OF_CODE = re.compile(r"""(\bFile \\*"[^"\n]+?\\*", line )\d+""")
OFTEN = 0.2
"""Of the answers that have a header, the share in which it differs from run to run."""

SLACK = timedelta(days=1, hours=14)
"""How near to now an instant must be to be one; the offset of its time zone is not looked at."""


class Comparison:
    def __init__(self, requests: Sequence[Mapping[str, Any]], before: Run, again: Run | None) -> None:
        self.requests = requests
        self.before = before
        self.again = again

    def against(self, after: Run) -> tuple[list[Difference], list[str]]:
        """Differences, one for each operation and way to differ; and notes."""
        notes: list[str] = []
        unsteady = self._unsteady_headers()
        groups: dict[tuple[str, str, str], list[Difference]] = {}
        reordered = masked = 0
        for number, (request, old, new) in enumerate(
            zip(self.requests, self.before.answers, after.answers, strict=False)
        ):
            again = self.again.answers[number] if self.again and number < len(self.again.answers) else old
            mask = Mask(old, again)
            masked += mask.is_needed
            mask.headers |= unsteady
            found = list(mask.differences(old, new))
            if found and same_errors_in_other_order(old, new):
                reordered += 1
                continue
            for what, mine, theirs in found:
                where = shown(request)
                group = groups.setdefault((str(request.get("operation", where)), what, ""), [])
                group.append(Difference("response", where, what, mine, theirs))
        if reordered:
            notes.append(f"{_number(reordered, 'answer')} with status 422 list the same errors in another order.")
        if masked:
            notes.append(
                f"{_number(masked, 'answer')} differ between two runs before; what differs there was left out."
            )
        if self.before.interruption:
            notes.append(f"Only {len(self.before.answers)} of {len(self.requests)} requests were replayed: "
                         f"{self.before.interruption}.")  # fmt: skip
        differences = [_one(group) for group in groups.values()]
        if after.interruption and len(after.answers) < len(self.before.answers):
            request = self.requests[len(after.answers)] if len(after.answers) < len(self.requests) else {"path": "?"}
            what = f"the application did not get over it: {after.interruption}"
            differences.append(Difference("response", shown(request), what))
        return differences, notes

    def _unsteady_headers(self) -> set[str]:
        """Headers that often differ between two runs before: a duration may be the same twice and be another then."""
        seen: Counter[str] = Counter()
        unsteady: Counter[str] = Counter()
        for old, again in zip(self.before.answers, self.again.answers if self.again else (), strict=False):
            one, other = headers_of(old), headers_of(again)
            seen.update(one.keys() | other.keys())
            unsteady.update(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
        return {name for name, count in unsteady.items() if count > 1 and count > seen[name] * OFTEN}


def _one(group: Sequence[Difference]) -> Difference:
    more = len(group) - 1
    first = group[0]
    return first._replace(what=f"{first.what} (and {_number(more, 'similar request')})") if more else first


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shown(request: Mapping[str, Any]) -> str:
    """`POST /items?q=1 {"name": "x"}`, on one line and shortened."""
    params = request.get("params")
    pairs = params.items() if isinstance(params, Mapping) else params or ()
    query = "&".join(f"{name}={value}" for name, value in pairs)
    text = f"{request.get('method', 'GET')} {request['path']}{'?' if query else ''}{query}"
    for key in ("json", "data", "files", "content"):
        if key in request:
            body = request[key] if isinstance(request[key], str) else json.dumps(request[key], ensure_ascii=False)
            text += f" {body}"
    return text if len(text) <= 160 else text[:157] + "..."


class Mask:
    """What is not looked at in the answers to one request, since the application before does not repeat it itself."""

    def __init__(self, old: Answer, again: Answer) -> None:
        self.status = outcome(old) != outcome(again)
        one, other = headers_of(old), headers_of(again)
        self.headers = {name for name in {*one, *other} if one.get(name) != other.get(name)} | {"date"}
        self.places: set[str] = set()
        self.body = False
        if body_of(old) != body_of(again):
            mine, theirs = _parsed(old), _parsed(again)
            if mine is not None and theirs is not None:
                self.places = set(_different(mine, theirs, "", frozenset()))
                self.body = "" in self.places
            else:
                self.body = True
            self.headers |= {"content-length", "etag"}

    @property
    def is_needed(self) -> bool:
        return self.status or self.body or bool(self.places) or len(self.headers) > 1

    def differences(self, old: Answer, new: Answer) -> Iterator[tuple[str, str | None, str | None]]:
        """In words, with the two values."""
        if self.status:
            return
        mine, theirs = outcome(old), outcome(new)
        if mine != theirs:
            yield f"{mine} became {theirs}", _short(body_of(old)), _short(body_of(new))
            return
        one, other = headers_of(old), headers_of(new)
        ignored = self.headers | ({"content-length", "etag"} if body_of(old) != body_of(new) else set())
        for name in sorted({*one, *other} - ignored):
            if one.get(name) != other.get(name):
                yield f"another header {name}", one.get(name), other.get(name)
        if self.body or body_of(old) == body_of(new):
            return
        first, second = _parsed(old), _parsed(new)
        if first is None or second is None or json.dumps(first) == json.dumps(second):
            yield "another body", _short(body_of(old)), _short(body_of(new))
            return
        places = list(_different(first, second, "", frozenset(self.places)))
        if places:
            at = f" at {places[0]}" if places[0] else ""
            yield f"another body{at}", _short(_at(first, places[0])), _short(_at(second, places[0]))
        elif first == second:
            yield "another body: its keys come in another order", _short(body_of(old)), _short(body_of(new))


def same_errors_in_other_order(old: Answer, new: Answer) -> bool:
    """FastAPI lists the faults of a request in the order of the parameters, which is no contract."""
    if old.get("status") != 422 or new.get("status") != 422:
        return False
    mine, theirs = _parsed(old), _parsed(new)
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return False
    lists = [side.get("detail") for side in (mine, theirs)]
    if not all(isinstance(some, list) for some in lists):
        return False
    one, other = (sorted(json.dumps(item, sort_keys=True) for item in some or ()) for some in lists)
    return one == other and {**mine, "detail": 0} == {**theirs, "detail": 0}


def outcome(answer: Answer) -> str:
    if "received" in answer:
        return "a conversation"
    if "exception" in answer:
        return f"no answer but {answer['exception']}"
    if "status" in answer:
        return f"status {answer['status']}"
    return str(answer.get("nothing", "no answer"))


def headers_of(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in answer.get("headers", ()):
        found[name] = f"{found[name]}, {value}" if name in found else steady(value)
    return found


def body_of(answer: Answer) -> str:
    if "received" in answer:
        return steady(json.dumps(answer["received"]))
    return steady(str(answer.get("body", answer.get("base64", ""))))


def steady(text: str) -> str:
    """The text with the digits of instants near now made alike: their form is compared, not the time of the run. Nor is
    the line in which code stands, which FastAPI's validation errors say: `File "main.py", line 12, in read_item`."""
    now = datetime.now(UTC).replace(tzinfo=None)

    def of_instant(found: re.Match[str]) -> str:
        try:
            instant = datetime(int(found[1]), int(found[2]), int(found[3]), int(found[5]), int(found[6]))
        except ValueError:
            return found[0]
        return re.sub(r"\d", "9", found[0]) if abs(instant - now) < SLACK else found[0]

    def of_epoch(found: re.Match[str]) -> str:
        whole = found[0].partition(".")[0]
        seconds = int(whole) / (1000 if len(whole) > 10 else 1)
        near = abs(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) - now) < SLACK
        return "9" * len(whole) + (".9" if "." in found[0] else "") if near else found[0]

    return _LINE_OF_CODE.sub(r"\g<1>9", _EPOCH.sub(of_epoch, _INSTANT.sub(of_instant, text)))


def _parsed(answer: Answer) -> Any:
    """The JSON of the body, or None: a body of `null` is as good as none here."""
    try:
        return json.loads(body_of(answer))
    except ValueError:
        return None


def _different(before: Any, after: Any, pointer: str, masked: frozenset[str]) -> Iterator[str]:
    """JSON pointers of the smallest places that differ."""
    if pointer in masked:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = f"{pointer}/{key}"
            if key in before and key in after:
                yield from _different(before[key], after[key], below, masked)
            elif below not in masked:
                yield below
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _different(old, new, f"{pointer}/{index}", masked)
    elif before != after or type(before) is not type(after):
        yield pointer


def _at(value: Any, pointer: str) -> str:
    for part in pointer.split("/")[1:]:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return "nothing"
    return json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."
