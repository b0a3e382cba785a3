"""A tag is written in one way: `users`, not `Users` at one place and `users` at another.

The spelling that most places have is taken, or the one that `openapi_tags` describes.

## Why

Tags are compared letter by letter. `Users` and `users` are two groups in the documentation, one of them without its
description, and two classes in a generated client.

## Left alone

- Spellings that are equally frequent, where nothing tells which one is meant.
- Projects that make operation ids of tags.
- Tags that are no plain strings.

## Safety

A contract: operations move to the other group of the documentation and of generated clients. What they answer is the
same.

See <https://fastapi.tiangolo.com/tutorial/metadata/#metadata-for-tags>.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.constants import module_constant
from ...project.tags import Listed, plain_tags, reason_of_ids


class _Spelled(NamedTuple):
    module: Module
    one: Listed
    usual: str


class ConsistentTagCase(Codemod):
    safety = Safety.CONTRACT
    after = ("add-missing-tags", "dedupe-tags", "hoist-router-tags", "move-include-args-to-router")

    def find(self, project: Project) -> Iterator[Finding]:
        groups: dict[str, list[tuple[Module, Listed]]] = {}
        for module, one in plain_tags(project):
            groups.setdefault(re.sub(r"[\s_-]+", "", one.text or "").lower(), []).append((module, one))
        mixed = {key: found for key, found in groups.items() if len({one.text for _, one in found}) > 1}
        if not mixed:
            return
        described = _described(project)
        ids = reason_of_ids(project)
        for found in mixed.values():
            counts = Counter(one.text or "" for _, one in found)
            spellings = counts.most_common()
            known = [text for text, _ in spellings if text in described]
            usual = known[0] if len(known) == 1 else spellings[0][0]
            is_clear = len(known) == 1 or spellings[0][1] > spellings[1][1]
            for module, one in found:
                if one.text == usual and is_clear:
                    continue
                line = module.text.count("\n", 0, one.span.start) + 1
                reason = ids if is_clear else "its spellings are equally frequent: somebody must choose"
                if re.search(r"\\|[\"']{3}|^[a-zA-Z]", one.code):
                    reason = "it is not written as a plain string"
                others = ", ".join(f"`{text}`" for text in counts if text != one.text)
                yield self.finding(
                    module.location(line, 1, line),
                    f"the tag `{one.text}` is written {others} elsewhere, and so is another group of the documentation",
                    anchor=f"tag.{one.text}",
                    left_alone=reason,
                    subject=_Spelled(module, one, usual),
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Spelled = finding.subject
            quote = item.one.code[0]
            edits.replace(item.module, item.one.span, f"{quote}{item.usual}{quote}", finding)


def _described(project: Project) -> set[str]:
    """The names in `openapi_tags`."""
    found: set[str] = set()
    for module, made in project.instances("fastapi.FastAPI"):
        given = made.call.argument("openapi_tags")
        if given is None:
            continue
        node = module.expression(given.span)
        try:
            value: object = ast.literal_eval(node)
        except (ValueError, TypeError):
            value = module_constant(project, module, module.code(given.span))
        for entry in value if isinstance(value, list | tuple) else ():
            if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
                found.add(name)
    return found
