"""An application is made with arguments that FastAPI knows.

`FastAPI(openapi_prefix=...)`, keyword arguments that FastAPI never knew, reads of `app.extra`, and
`FastAPI(root_path=...)` are found.

## Why

FastAPI kept what it did not know as `app.extra`. Since 0.145 it is a TypeError when the module is imported, and `extra`
is gone. `root_path=` warns since 0.146: it belongs to the server, as `--root-path`.

## Left alone

Nothing is rewritten. Where the value belongs (the server's command line, `app.state`, settings) is a decision about
deployment. Applications of a class of the project's own are not looked at: it may know more arguments.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/advanced/behind-a-proxy/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.named_calls import calls_in, nodes_in
from ...project.operations import APPLICATION, receiver_of
from ...project.reader import dotted

_CALL = re.compile(r"\bFastAPI\b")
_EXTRA = re.compile(r"\.extra\b")
_EXTRA_BYTES = re.compile(_EXTRA.pattern.encode())

# Source: fastapi/applications.py of 0.165, with `on_startup` and `on_shutdown`.
_ARGUMENTS = (
    "telemetry debug routes title summary description version openapi_url openapi_tags servers dependencies"
    " default_response_class redirect_slashes docs_url redoc_url swagger_ui_oauth2_redirect_url"
    " swagger_ui_init_oauth middleware exception_handlers on_startup on_shutdown lifespan terms_of_service contact"
    " license_info root_path root_path_in_servers responses callbacks webhooks deprecated include_in_schema"
    " swagger_ui_parameters generate_unique_id_function separate_input_output_schemas openapi_external_docs"
    " strict_content_type max_body_size form_limits"
)
_KNOWN = frozenset(_ARGUMENTS.split())
_ADVICE = {
    "openapi_prefix": "FastAPI(openapi_prefix=) was removed: start the server with `--root-path`",
    "root_path": "FastAPI(root_path=) is deprecated since 0.146: start the server with `--root-path`",
}


class FastapiRemovedAppKwargs(Codemod):
    safety = Safety.REPORT
    since = (0, 145)

    def find(self, project: Project) -> Iterator[Finding]:
        for found in calls_in(project, project.modules(), _CALL, lambda symbol: symbol == Symbol(None, APPLICATION)):
            for argument in found.node.keywords:
                name = argument.arg
                if name is None or (name in _KNOWN and name not in _ADVICE):
                    continue
                message = _ADVICE.get(
                    name,
                    f"FastAPI() got unknown keyword '{name}', an error since 0.145: keep the value in settings or"
                    " `app.state`",
                )
                yield self.finding(found.place.location(argument.value), message, anchor=f"FastAPI({name}=)")
        with_extra = (module for module in project.modules() if _EXTRA_BYTES.search(module.data))
        for place in nodes_in(with_extra, _EXTRA):
            if not isinstance(place.node, ast.Attribute) or place.node.attr != "extra":
                continue
            owner = dotted(place.node.value)
            receiver = receiver_of(project, place.module, owner, place.scopes) if owner else None
            if receiver is not None and receiver[1] == Symbol(None, APPLICATION):
                yield self.finding(
                    place.location(place.node),
                    f"{owner}.extra was removed in FastAPI 0.145: keep the value in settings or `{owner}.state`",
                    anchor=f"{place.around}.{owner}.extra",
                )
