"""One application, imported once, and the answers about it."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import warnings
from typing import Any, Callable, Dict

from . import decisions, description, replay

Answer = Callable[[Dict[str, Any]], None]


class Session:
    def __init__(self, root: str, answer: Answer) -> None:
        self.root = root
        self.send = answer
        self.app: Any = None
        os.chdir(root)
        refuse_network()
        warnings.simplefilter("ignore")

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        ask = question["ask"]
        if ask == "import":
            return self.open(question)
        if ask == "describe":
            return self.describe(question)
        return replay.run(self.app, question, self.root, self.send)

    def open(self, question: dict[str, Any]) -> dict[str, Any]:
        for path in reversed(question["roots"]):
            sys.path.insert(0, path)
        module_name, _, attribute = question["app"].partition(":")
        module = importlib.import_module(module_name)
        foreign = [m.__file__ for m in list(sys.modules.values()) if self.is_foreign(m, question.get("origin"))]
        if foreign:
            raise ImportError(
                f"{foreign[0]} was imported and not the copy that is to be verified; is the project installed in this "
                "environment, with an import root that is not known?"
            )
        if attribute:
            name, _, call = attribute.partition("(")
            app: Any = module
            for part in name.split("."):
                app = getattr(app, part)
            if call:
                app = app()
        else:
            app = module
        if not hasattr(app, "routes") and hasattr(app, "app") and hasattr(app.app, "routes"):
            app = app.app  # wrapped in an ASGI middleware
        if not hasattr(app, "routes"):
            raise TypeError("{} is no application but {}".format(question["app"], type(app).__name__))
        self.app = app
        return {"versions": {name: version_of(name) for name in ("fastapi", "starlette", "pydantic")}}

    def is_foreign(self, module: Any, origin: str | None) -> bool:
        """Whether a module comes from the work tree itself."""
        file = getattr(module, "__file__", None)
        if not origin or not isinstance(file, str) or not file.startswith(origin + os.sep):
            return False
        return "site-packages" not in file and not file.startswith((self.root + os.sep, sys.prefix + os.sep))

    def describe(self, question: dict[str, Any]) -> dict[str, Any]:
        routes = description.Routes(self.app, self.root)
        described = {
            "routes": routes.described(),
            "middleware": description.middleware(self.app),
            "handlers": description.handlers(self.app),
            "lifespan": description.lifespan(self.app),
        }
        paths = question.get("paths")
        table = decisions.Table(routes)
        if paths is None:
            paths, left_out = table.paths(question["most_paths"])
            described["paths_left_out"] = left_out
        described["decisions"] = {path: table.decide(path) for path in paths}
        try:
            described["openapi"] = self.app.openapi() if getattr(self.app, "openapi_url", None) else None
        except Exception as error:
            described["openapi_error"] = f"{type(error).__name__}: {str(error)[:500]}"
        return described


def version_of(name: str) -> str:
    module = sys.modules.get(name)
    return str(getattr(module, "__version__", getattr(module, "VERSION", "")))


def refuse_network() -> None:
    """What the machine does not keep from the network is told that there is none; sockets of the machine too."""

    def hook(event: str, _: Any) -> None:
        if event in ("socket.connect", "socket.sendto"):
            raise OSError(errno.ENETUNREACH, "Network is unreachable (refused by fastapi-codemods verify)")

    if os.name != "nt":  # an event loop connects to itself there
        sys.addaudithook(hook)
