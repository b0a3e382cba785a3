"""The conventions: for each what is counted, and what a codemod follows where the project has not made up its mind."""

from __future__ import annotations

from collections.abc import Sequence

from ..index import Project
from .access import access, access_dependencies
from .application import app_creation, entry_points, lifespans, operation_ids
from .errors import error_envelopes, error_styles, status_codes, status_imports
from .evidence import Evidence
from .layout import layout, model_place, router_variable
from .libraries import http_clients, loggers, test_clients
from .model import Profile, convention
from .naming import request_models, response_models
from .parameters import alias_names, declared_responses, parameter_style
from .paths import prefix_place, tags_case, tags_place, trailing_slash, version_prefix
from .sessions import db_sessions
from .settings import settings
from .spelling import collection_types, import_styles, optional_types, quotes
from .work import QUEUES, async_handlers, background_tasks, queues, threadpool_helpers

ANNOTATED_SINCE = (0, 95)
UNIONS_SINCE = (3, 10)
SUBSCRIPTED_BUILTINS_SINCE = (3, 9)


def profile_of(project: Project, within: Sequence[str] = ("",)) -> Profile:
    """The profile of the project, or of its files and folders `within`; tests are no evidence."""
    evidence = Evidence(project, within)
    versions = project.versions
    annotated = versions.supports_fastapi(ANNOTATED_SINCE)
    unions = versions.supports_python(UNIONS_SINCE)
    subscripted = versions.supports_python(SUBSCRIPTED_BUILTINS_SINCE)
    queue = list(queues(evidence))
    background = convention("background_work", "modules that import it", [*queue, *background_tasks(evidence)])
    follow = max((v for v in background.variants if v.name in QUEUES), key=lambda v: v.number, default=None)
    background = background._replace(follow=follow.name if follow else "BackgroundTasks", default="BackgroundTasks")
    return Profile(
        versions,
        (
            convention(
                "parameter_style",
                "parameters with Depends, Query and the like",
                parameter_style(evidence),
                "Annotated" if annotated else "default value",
            ),
            convention("alias_names", "aliases of Annotated[..., Depends(...)]", alias_names(evidence), "<Type>Dep"),
            convention("response_declaration", "HTTP handlers that declare a response", declared_responses(evidence)),
            convention("status_codes", "status codes given", status_codes(evidence)),
            convention("status_import", "status codes given by name", status_imports(evidence)),
            convention("error_style", "errors raised or returned", error_styles(evidence), "HTTPException(str)"),
            convention("error_envelope", "contents in exception handlers", error_envelopes(evidence), "detail"),
            convention("tags_place", "routers with tags", tags_place(evidence), "APIRouter"),
            convention("tags_case", "different tags", tags_case(evidence)),
            convention("prefix_place", "routers with a prefix", prefix_place(evidence), "APIRouter"),
            convention("version_prefix", "paths and prefixes with a version", version_prefix(evidence)),
            convention("trailing_slash", "paths that end in no parameter", trailing_slash(evidence)),
            convention("layout", "modules that define routes", layout(evidence), "routers/<feature>.py"),
            convention("model_place", "models that modules with routes import", model_place(evidence)),
            convention("request_model_names", "models that handlers take", request_models(evidence)),
            convention("response_model_names", "models that handlers send", response_models(evidence)),
            convention("router_variable", "APIRouter instances", router_variable(evidence), "router"),
            convention("app_creation", "FastAPI instances", app_creation(evidence)),
            convention("entry_point", "files that start the application", entry_points(evidence)),
            convention("async_handlers", "HTTP handlers", async_handlers(evidence)),
            convention(
                "threadpool_helper",
                "calls",
                threadpool_helpers(evidence),
                "fastapi.concurrency.run_in_threadpool",
            ),
            convention("db_session", "places that inject a session", db_sessions(evidence)),
            background,
            convention("settings", "modules that read settings", settings(evidence)),
            convention("http_client", "modules that import it", http_clients(evidence)),
            convention("logging", "modules that log", loggers(evidence)),
            convention("lifespan", "applications and event handlers", lifespans(evidence), "lifespan"),
            convention("operation_ids", "places that set one", operation_ids(evidence), "default ids"),
            convention("auth", "places that ask who calls", access(evidence)),
            convention("auth_dependency", "places that inject it", access_dependencies(evidence)),
            convention(
                "optional_types",
                "annotations in modules that use FastAPI",
                optional_types(evidence),
                "X | None" if unions else "Optional[X]",
            ),
            convention(
                "collection_types",
                "annotations in modules that use FastAPI",
                collection_types(evidence),
                "list[X]" if subscripted else "List[X]",
            ),
            convention("quotes", "modules that use FastAPI", quotes(evidence)),
            convention("import_style", "modules that use FastAPI and others of the project", import_styles(evidence)),
            convention("test_client", "test modules that call the application", test_clients(evidence)),
        ),
    )
