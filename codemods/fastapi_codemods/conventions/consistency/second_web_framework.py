"""A FastAPI project serves with FastAPI alone.

Applications of Flask, Django, aiohttp, Sanic, Tornado, Bottle, Quart, Falcon, Pyramid or Litestar in a project that
makes a FastAPI application are found.

## Why

Two frameworks have two ways to route, to validate, to log and to handle errors. What is known of the one, its security
and its documentation, does not hold for the other, and a mounted WSGI application takes a thread for each request.

## Left alone

- Projects without an application of FastAPI.
- Clients: `aiohttp.ClientSession` serves nothing.
- Tests, examples and benchmarks.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/advanced/wsgi/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.named_calls import calls_in
from ...project.operations import APPLICATION
from ...project.words import modules_with
from ...source.discovery import is_test

_FRAMEWORKS = {
    "aiohttp.web.Application": "aiohttp",
    "bottle.Bottle": "Bottle",
    "django.core.asgi.get_asgi_application": "Django",
    "django.core.wsgi.get_wsgi_application": "Django",
    "falcon.App": "Falcon",
    "falcon.asgi.App": "Falcon",
    "flask.Flask": "Flask",
    "litestar.Litestar": "Litestar",
    "pyramid.config.Configurator": "Pyramid",
    "quart.Quart": "Quart",
    "sanic.Sanic": "Sanic",
    "tornado.web.Application": "Tornado",
}
_IMPORTS = tuple(sorted({name.partition(".")[0].encode() for name in _FRAMEWORKS}))
_CALL = re.compile(rf"\b(?:{'|'.join(sorted({name.rpartition('.')[2] for name in _FRAMEWORKS}))})\s*\(")
_CALL_BYTES = re.compile(_CALL.pattern.encode())
_ASIDE = re.compile(r"(?:^|/)(?:examples?|benchmarks?|docs?)(?:/|$)")


class SecondWebFramework(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        imports = re.compile(b"|".join(_IMPORTS))
        modules = [
            module
            for module in modules_with(project, _CALL_BYTES, _IMPORTS)
            if imports.search(module.data) and not is_test(module.path) and not _ASIDE.search(module.path)
        ]
        if not modules:
            return
        own = next((m.path for m, _ in project.instances(APPLICATION) if not is_test(m.path)), None)
        if own is None:
            return
        for found in calls_in(project, modules, _CALL, lambda symbol: not symbol.path and symbol.name in _FRAMEWORKS):
            framework = _FRAMEWORKS[found.symbol.name]
            yield self.finding(
                found.location,
                f"{framework} serves here, while {own} makes a FastAPI application",
                anchor=f"{found.place.around}.{found.call.callee}",
            )
