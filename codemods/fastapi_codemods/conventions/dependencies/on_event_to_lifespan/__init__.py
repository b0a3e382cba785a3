"""An application starts and stops in one `lifespan` context manager.

The functions registered with `@app.on_event("startup")`, `@app.on_event("shutdown")`, `app.add_event_handler(...)`
and `FastAPI(on_startup=[...], on_shutdown=[...])` stay where they are and lose their registration; a `lifespan` that
calls them, in the order in which they were registered, is written above the application and handed to it.

## Why

`on_event` is deprecated: it is ignored without a word as soon as an application gets a `lifespan`, and what is opened
in one function cannot be closed in the same place. `FastAPI.add_event_handler` is gone since Starlette 1.0.

## Left alone

All of an application's events move, or none, because a `lifespan` silences whatever stays behind:

- an application that has a `lifespan` already: its event handlers are dead, and reviving them is a decision;
- an application that is made in a function or under a condition, or by the project's own subclass of `FastAPI`;
- handlers registered in another module, in a function, under a condition or in a loop;
- handlers on a router: FastAPI runs them twice where the router is included, and once beside a `lifespan`;
- a handler that may be async or not (a lambda, a method, a factory, a decorated function), or whose name is bound
  twice in the module;
- an application that is handed to a library which may register handlers of its own, also by way of the project's
  own functions;
- a project in which something reads or runs the lists of handlers;
- a project that must run on FastAPI below 0.93, which has no `lifespan`.

## Safety

Safe: the same functions run in the same order, before the first request and after the last. Shutdown handlers run in
a `finally`, as they did; none runs where the startup failed. A router from another distribution is taken to bring no
event handlers of its own.

See <https://fastapi.tiangolo.com/advanced/events/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....codemod import Codemod
from ....edits import Edits
from ....findings import Finding, Safety
from ....project import Project, Symbol
from .lifespan import free_name, rewrite_application
from .reasons import reason_of_application, reason_of_receiver
from .registrations import Application, Registration, Subject, registrations


class OnEventToLifespan(Codemod):
    safety = Safety.SAFE
    since = (0, 93)

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(registrations(project))
        if not found:
            return
        applications = {
            Symbol(module.path, assignment.target): Application(module, assignment)
            for module, assignment in project.instances("fastapi.FastAPI")
            if not assignment.scopes
        }
        by_application: dict[Symbol, list[Registration]] = {}
        elsewhere: list[Registration] = []
        for registration in found:
            symbol = project.resolve(registration.module, registration.receiver, registration.scopes)
            if symbol is not None and symbol in applications:
                by_application.setdefault(symbol, []).append(registration)
                continue
            reason, is_apart = reason_of_receiver(project, registration, symbol)
            yield self._finding(registration, reason, None)
            if not is_apart:
                elsewhere.append(registration)
        for symbol, own in by_application.items():
            application = applications[symbol]
            ordered = tuple(sorted(own, key=lambda r: (r.kind != "argument", r.order)))
            several = sum(other.module is application.module for other in applications.values()) > 1
            name = free_name(application.module, symbol.name, several=several)
            why = reason_of_application(project, symbol, application, ordered, elsewhere)
            for registration in ordered:
                yield self._finding(registration, why, Subject(application, name, ordered, registration))

    def _finding(self, registration: Registration, reason: str | None, subject: Subject | None) -> Finding:
        event = registration.event or "an event"
        handler = f"`{registration.handler}`" if registration.handler else "a handler"
        receiver = f"`{registration.receiver}`" if registration.receiver else "an application"
        return self.finding(
            registration.location,
            f"{handler} is registered for {event} on {receiver} instead of being called in its lifespan",
            anchor=f"{registration.receiver}.{event}.{registration.handler}",
            left_alone=reason,
            subject=subject,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        by_application: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            application: Application = finding.subject.application
            by_application.setdefault((application.module.path, application.assignment.target), []).append(finding)
        for together in by_application.values():
            subject: Subject = together[0].subject
            if len(together) == len(subject.registrations):  # all or none
                rewrite_application(edits, subject, together)
