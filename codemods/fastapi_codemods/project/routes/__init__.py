"""The effective route table of every application, as FastAPI would serve it, without importing anything.

`evaluation` finds what is registered; here prefixes, tags and dependencies of applications, includes, routers and
routes come together by the rules of `fastapi.routing`: everything from the outside in, in the order

    application, include, router, include, ..., router, route

Until FastAPI 0.137 `include_router` copied what the router had by then; since then later routes are served, too.
"""

from .assumptions import applications_of, likely_applications, router_named
from .table import Application, DependencyUse, Route

__all__ = ["Application", "DependencyUse", "Route", "applications_of", "likely_applications", "router_named"]
