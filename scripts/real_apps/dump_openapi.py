"""Write the OpenAPI documents of one real application to a file, as JSON text in the order of FastAPI.

    python dump_openapi.py APPLICATION ROOT OUTPUT [MODULE...]

Runs inside the application's own virtual environment, in a working directory that may be thrown away, with
nothing but FastAPI installed for certain: no imports from the project, and no syntax newer than Python 3.9.

OUTPUT becomes {"documents": {name: OpenAPI as text}, "operations": number, "errors": {name: message}}.
MODULE limits `modules`, the pseudo-application that imports every module of docs_src, to those dotted names.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Builder = Callable[[Path], dict[str, Any]]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def attribute(target: str) -> Any:
    """The object that `package.module:name` stands for."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


# --- one builder per application: puts the tree on the path and returns its FastAPI objects by name ---


def ace_network_monitor(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root))
    return {"api:app": attribute("api:app")}


def brsxmail(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root))
    config = {"storage_backend": "sqlite", "data_dir": tempfile.mkdtemp()}
    return {"create_app": attribute("brsxmail.app:create_app")(config)}


def csv_server(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root))
    data = Path(tempfile.mkdtemp())
    (data / "users.csv").write_text("id,name,email\n1,Alice,alice@example.com\n", encoding="utf-8")
    resources = {"users": {"file": "users.csv", "primary_key": "id", "readonly": False}}
    return {"create_app": attribute("csv_server.app:create_app")(data, readonly=False, config={"resources": resources})}


def dstack(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root / "src"))
    module = importlib.import_module("dstack._internal.server.app")
    app = module.create_app()
    module.register_routes(app)
    return {"create_app": app}


def ear2finger(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root / "src"))
    return {"ear2finger.app:app": attribute("ear2finger.app:app")}


def examen3_mini_shop(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root / "backend"))
    return {"app.main:app": attribute("app.main:app")}


def excel_vis(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root / "src"))
    return {"create_app": attribute("excel_vis.app:create_app")("data.xlsx")}


def fastapi_users(root: Path) -> dict[str, Any]:
    """Both SQLAlchemy examples, which include every router factory; each calls its package `app`."""
    sys.path.insert(0, str(root))
    found = {}
    for example in ("sqlalchemy", "sqlalchemy-oauth"):
        for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
            del sys.modules[name]
        sys.path.insert(0, str(root / "examples" / example))
        found[example] = attribute("app.app:app")
        del sys.path[0]
    return found


def quetz_server(root: Path) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp())
    config = folder / "config.toml"
    config.write_text(
        '[github]\nclient_id = "a"\nclient_secret = "b"\n'
        f'[sqlalchemy]\ndatabase_url = "sqlite:///{folder}/quetz.sqlite"\n'
        f'[session]\nsecret = "{"0" * 64}"\nhttps_only = false\n',
        encoding="utf-8",
    )
    os.environ["QUETZ_CONFIG_FILE"] = str(config)
    sys.path.insert(0, str(root))
    attribute("quetz.config:Config")(str(config))
    return {"quetz.main:app": attribute("quetz.main:app")}


def tiled(root: Path) -> dict[str, Any]:
    sys.path.insert(0, str(root))
    tree = attribute("tiled.adapters.mapping:MapAdapter")({})
    return {"build_app": attribute("tiled.server.app:build_app")(tree)}


def entry(root: Path) -> dict[str, Any]:
    """The `app` of a module that split_real_apps.py puts into the tree."""
    sys.path.insert(0, str(root))
    return {"app": attribute("split_entry:app")}


# The source of the following is a wheel of which only the Python files are unpacked: the same version is imported from
# the environment, with its data.


def airflow(_: Path) -> dict[str, Any]:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()
    return {"create_app": attribute("airflow.api_fastapi.app:create_app")()}


def freqtrade(_: Path) -> dict[str, Any]:
    settings = {"jwt_secret_key": "a" * 32, "username": "a", "password": "b", "CORS_origins": []}
    server = object.__new__(attribute("freqtrade.rpc.api_server.webserver:ApiServer"))  # its __init__ serves
    app = attribute("fastapi:FastAPI")()
    server.configure_app(app, {"api_server": settings, "runmode": "dry_run"})
    return {"ApiServer": app}


def gradio(_: Path) -> dict[str, Any]:
    blocks = attribute("gradio:Blocks")()
    return {"create_app": attribute("gradio.routes:App").create_app(blocks)}


def kedro_viz(_: Path) -> dict[str, Any]:
    return {"create_api_app_from_project": attribute("kedro_viz.api.apps:create_api_app_from_project")(Path("x"))}


def litellm(_: Path) -> dict[str, Any]:
    return {"litellm.proxy.proxy_server:app": attribute("litellm.proxy.proxy_server:app")}


def lnbits(_: Path) -> dict[str, Any]:
    os.environ["LNBITS_DATA_FOLDER"] = tempfile.mkdtemp()
    spec = importlib.util.find_spec("lnbits")
    assert spec is not None
    assert spec.origin is not None
    os.chdir(Path(spec.origin).parent.parent)  # its files are found from where it is started
    app = attribute("lnbits.app:create_app")()
    attribute("lnbits.core:init_core_routers")(app)  # what its lifespan does first
    return {"create_app": app}


def optimade(_: Path) -> dict[str, Any]:
    return {"create_app": attribute("optimade.server.create_app:create_app")()}


def phoenix(_: Path) -> dict[str, Any]:
    """The routers that its own OpenAPI document is made of; its application wants a database."""
    os.environ["PHOENIX_WORKING_DIR"] = tempfile.mkdtemp()
    schema = importlib.import_module("phoenix.server.api.openapi.schema")
    found: list[Any] = []

    def keep(**given: Any) -> dict[str, Any]:
        found.extend(given["routes"])
        return {}

    schema.get_openapi = keep  # type: ignore[attr-defined]
    with contextlib.suppress(KeyError):
        schema.get_openapi_schema()
    return {"get_openapi_schema": types.SimpleNamespace(routes=found)}


def prefect(_: Path) -> dict[str, Any]:
    os.environ["PREFECT_HOME"] = tempfile.mkdtemp()
    module = importlib.import_module("prefect.server.api.server")
    return {"create_app": module.create_app(), "create_api_app": module.create_api_app()}


def py_ocpi(_: Path) -> dict[str, Any]:
    versions = [attribute("py_ocpi.modules.versions.enums:VersionNumber").v_2_2_1]
    roles = attribute("py_ocpi.core.enums:RoleEnum")
    return {"get_application": attribute("py_ocpi:get_application")(versions, [roles.cpo, roles.emsp], object, object)}


def rq_dashboard_fast(_: Path) -> dict[str, Any]:
    dashboard = attribute("rq_dashboard_fast:RedisQueueDashboard")
    return {"RedisQueueDashboard": dashboard("redis://localhost:6379")}


def swe_rex(_: Path) -> dict[str, Any]:
    return {"swerex.server:app": attribute("swerex.server:app")}


BUILDERS: dict[str, Builder] = {
    "ace-network-monitor": ace_network_monitor,
    "brsxmail": brsxmail,
    "csv-server": csv_server,
    "dstack": dstack,
    "ear2finger": ear2finger,
    "examen3-mini-shop": examen3_mini_shop,
    "excel-vis": excel_vis,
    "fastapi-users": fastapi_users,
    "quetz-server": quetz_server,
    "tiled": tiled,
    "entry": entry,
    "airflow": airflow,
    "freqtrade": freqtrade,
    "gradio": gradio,
    "litellm": litellm,
    "lnbits": lnbits,
    "optimade": optimade,
    "phoenix": phoenix,
    "kedro-viz": kedro_viz,
    "prefect": prefect,
    "py-ocpi": py_ocpi,
    "rq-dashboard-fast": rq_dashboard_fast,
    "swe-rex": swe_rex,
}


# --- folders of small applications, one or more to a module: FastAPI's documentation examples ---


def modules_below(root: Path) -> Iterator[str]:
    """The dotted names of all modules of `docs_src`."""
    for path in sorted((root / "docs_src").rglob("*.py")):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(root).with_suffix("").parts)


def applications_of_modules(root: Path, names: list[str], errors: dict[str, str]) -> dict[str, Any]:
    sys.path.insert(0, str(root))
    for folder in ("static", "dist"):  # mounted by some examples, relative to the working directory
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / "index.html").touch()
    fastapi = importlib.import_module("fastapi")
    found = {}
    for name in names or list(modules_below(root)):
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:
            errors[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
            continue
        for label, value in vars(module).items():
            if isinstance(value, fastapi.FastAPI):
                found[f"{name}:{label}"] = value
    return found


def main() -> None:
    application, root, output, *names = sys.argv[1:]
    sys.dont_write_bytecode = True
    sys.stdout = sys.stderr  # applications print while they are imported
    errors: dict[str, str] = {}
    if application == "modules":
        found = applications_of_modules(Path(root), names, errors)
    else:
        found = BUILDERS[application](Path(root))

    documents = {}
    operations = 0
    for name, app in found.items():
        try:
            document = app.openapi()
        except Exception as error:
            errors[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
            continue
        documents[name] = json.dumps(document)
        operations += sum(len(METHODS & set(path)) for path in document.get("paths", {}).values())
    result = {"documents": documents, "operations": operations, "errors": errors}
    Path(output).write_text(json.dumps(result), encoding="utf-8")
    os._exit(0)  # some applications leave threads behind that would keep the process alive


if __name__ == "__main__":
    main()
