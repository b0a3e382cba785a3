"""A project calls other services with one HTTP client.

Where most of a project's modules that call others use one of httpx, requests and aiohttp, each module that uses another
one for what the first can do is found.

## Why

Each client has its own timeouts, redirects, exceptions, retries and tests. Settings that hold for one, such as a proxy
or a certificate, are forgotten for the other.

## Left alone

- Projects without a clear majority: fewer than four modules, or less than three in four, that use the same client.
- aiohttp and `httpx.AsyncClient` beside requests, and requests beside aiohttp: the one blocks, and the other does not.
- Tests, which call the application with whatever fits.
- A synchronous and an asynchronous client of the same library; urllib3, which is a part of requests.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/advanced/async-tests/#httpx>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.profile.evidence import Evidence
from ...project.profile.libraries import http_clients

FEWEST_OF_MAJORITY = 4
SHARE_OF_MAJORITY = 0.75
_IMPORTED = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(aiohttp|httpx|requests)\b", re.MULTILINE)
_CAN = {
    "aiohttp": frozenset({"aiohttp", "httpx.AsyncClient"}),
    "httpx": frozenset({"aiohttp", "httpx.AsyncClient", "httpx.Client", "requests"}),
    "requests": frozenset({"httpx.Client", "requests"}),
}
"""Which clients' work each library does."""


class MixedHttpClients(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        # Asked first, as hardly a project has two, and the evidence is of every file.
        imported = {word for module in project.modules() for word in _IMPORTED.findall(module.data)}
        imported |= {
            word for statements in project.import_statements.values() for word in _IMPORTED.findall(statements)
        }
        if len(imported) < 2:
            return
        users: dict[str, set[tuple[str, int]]] = {}
        for client, place in http_clients(Evidence(project)):
            if (name := client.replace("httpx2", "httpx")) in _CAN["httpx"]:
                users.setdefault(name, set()).add(place)
        paths = {
            name: {path for client in users if _library(client) == name for path, _ in users[client]} for name in _CAN
        }
        most = max(paths, key=lambda name: len(paths[name]))
        total = len(set().union(*paths.values()))
        if len(paths[most]) < FEWEST_OF_MAJORITY or len(paths[most]) < SHARE_OF_MAJORITY * total:
            return
        for client, places in sorted(users.items()):
            if _library(client) == most or client not in _CAN[most]:
                continue
            for path, line in sorted(places):
                if (module := project.glance(path)) is None:
                    continue
                too = " too" if path in paths[most] else ""
                yield self.finding(
                    module.location(line, 1, line),
                    f"`{client}` is used here{too}, `{most}` in {len(paths[most])} of {total} modules that call others",
                    anchor=client,
                )


def _library(client: str) -> str:
    return client.partition(".")[0]
