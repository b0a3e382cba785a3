"""The contract of a codemod: find departures from one convention, rewrite those that were accepted.

A codemod is one module (or one package) below `conventions/<chapter>/`, found by walking that package. Its name is
the module's name with hyphens, its chapter the package it stands in, its documentation the module's docstring:
a first line that says what the codemod establishes, then `## Why`, `## Left alone`, `## Safety` and a link to
FastAPI's documentation. `docs/writing-a-codemod.md` walks through one.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any, ClassVar

from .config import nearest, read_like
from .edits import Edits
from .errors import ConfigurationError
from .findings import Finding, Location, Safety
from .project import Project


class Codemod(ABC):
    """One convention. Subclasses are stateless: everything they know comes from options, the project and findings."""

    safety: ClassVar[Safety]
    """What the rewrite may change; `Safety.REPORT` for a check that only guides."""

    after: ClassVar[tuple[str, ...]] = ()
    """Names of codemods whose result this one wants to see; the order of a run follows from these."""

    since: ClassVar[tuple[int, ...] | None] = None
    """The FastAPI release from which what this codemod finds is warned of, fails, or means something else: an upgrade
    to it or a later one needs the codemod. None for a convention that no release decides about."""

    effects: ClassVar[frozenset[str] | None] = None
    """The classes of differences (`verify.KINDS`) that the rewrite may make; None: those that its level allows. A
    dependency that is lost, a test that fails and an application that cannot be imported are never among them."""
    options: Any = ()
    """What a user can set, as a NamedTuple of defaults: text, a switch, a whole number or a tuple of texts each.

    A field `min_routes` is `min-routes` in `[tool.fastapi-codemods.NAME]`, and `--min-routes` where the command line
    has it.
    """

    choices: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """The values that an option may have, by the field's name; any for an option that is not in here."""

    companions: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Switches among the options, by the field's name, that bring another codemod into the run, by its name."""

    is_named = False
    """Whether the user asked for this very codemod with `--select`."""

    def configured(self, values: Mapping[str, object], *, is_named: bool) -> Codemod:
        """This codemod with some options set, by names with hyphens; `ConfigurationError` for what it does not have."""
        known = self.options._asdict() if self.options else {}
        read: dict[str, object] = {}
        for key, value in values.items():
            place, field = f"option {key} of {self.name}", key.replace("-", "_")
            if field not in known:
                hint = nearest(key, [name.replace("_", "-") for name in known])
                raise ConfigurationError(f"{self.name} has no option {key!r}{hint}")
            read[field] = read_like(known[field], value, place)
            allowed = self.choices.get(field, ())
            if allowed and value not in allowed:
                raise ConfigurationError(f"{place} must be one of {', '.join(allowed)}{nearest(str(value), allowed)}")
        made = copy(self)
        made.is_named = is_named
        if read:
            made.options = self.options._replace(**read)
        return made

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def chapter(self) -> str:
        return type(self).__module__.split(".")[-2]

    @property
    def documentation(self) -> str:
        from inspect import cleandoc

        return cleandoc(sys.modules[type(self).__module__].__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the documentation: what the codemod establishes."""
        return self.documentation.partition("\n")[0]

    @abstractmethod
    def find(self, project: Project) -> Iterator[Finding]:
        """Every departure in the project, those that are left alone too, in any order."""

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        """Put the edits for `findings` into `edits`.

        `findings` are fixable ones from this codemod's `find` on this very project: all of a file's accepted
        findings come in one call, those of other files may come in another. Detection is over; nothing is looked for.
        """
        raise NotImplementedError(f"{self.name} only reports")

    def finding(
        self, location: Location, message: str, *, anchor: str, left_alone: str | None = None, subject: Any = None
    ) -> Finding:
        """A finding of this codemod."""
        return Finding(self.name, self.chapter, self.safety, location, message, anchor, left_alone, subject)
