"""Small applications in which a reader of the source may easily be wrong about what is registered.

Each is imported and compared with the static table. The table need not know everything, but what it calls certain must
be so: `test_route_hazards` holds it to that.
"""

from textwrap import dedent

HAZARDS: dict[str, dict[str, str]] = {}
"""Files by name, of which `main.py` is imported."""

_HEADER = "from fastapi import APIRouter, Depends, FastAPI, Request, Security\n"


def hazard(name: str, text: str, **more: str) -> None:
    """`more` are modules beside `main`, `pkg__mod` for `pkg/mod.py`."""
    files = {f"{module.replace('__', '/', 1)}.py": dedent(source) for module, source in more.items()}
    HAZARDS[name] = {"main.py": _HEADER + dedent(text), **files}


hazard(
    "route class with its own init that changes path",
    """
    from fastapi.routing import APIRoute
    class R(APIRoute):
        def __init__(self, path, endpoint, **kw):
            super().__init__("/x" + path, endpoint, **kw)
    app = FastAPI()
    router = APIRouter(route_class=R)
    @router.get("/a")
    def a(): ...
    app.include_router(router)
""",
)
hazard(
    "route class with init that changes name",
    """
    from fastapi.routing import APIRoute
    class R(APIRoute):
        def __init__(self, path, endpoint, **kw):
            kw["name"] = endpoint.__name__.title()
            kw["tags"] = ["t"]
            super().__init__(path, endpoint, **kw)
    app = FastAPI()
    app.router.route_class = R
    @app.get("/a")
    def a(): ...
""",
)
hazard(
    "route class override arg",
    """
    from fastapi.routing import APIRoute
    class R(APIRoute):
        def __init__(self, path, endpoint, **kw):
            super().__init__(path, endpoint, **{**kw, "operation_id": "zz"})
    router = APIRouter()
    def a(): ...
    router.add_api_route("/a", a, route_class_override=R)
    app = FastAPI()
    app.include_router(router)
""",
)
hazard(
    "route class only handler",
    """
    from fastapi.routing import APIRoute
    class R(APIRoute):
        def get_route_handler(self):
            return super().get_route_handler()
    app = FastAPI()
    router = APIRouter(route_class=R)
    @router.get("/a")
    def a(): ...
    app.include_router(router)
""",
)
hazard(
    "set literal loop",
    """
    app = FastAPI()
    a, b, c = APIRouter(prefix="/aaa"), APIRouter(prefix="/bbb"), APIRouter(prefix="/ccc")
    @a.get("/1")
    def a1(): ...
    @b.get("/1")
    def b1(): ...
    @c.get("/1")
    def c1(): ...
    def h(): ...
    for p in {"/one", "/two", "/three", "/four"}:
        app.get(p)(h)
    for p in set(["/one", "/two", "/three", "/four"]):
        app.get(p)(h)
""",
)
hazard(
    "router included twice",
    """
    app = FastAPI()
    r = APIRouter(prefix="/r", tags=["r"])
    @r.get("/1")
    def one(): ...
    app.include_router(r, prefix="/v1", tags=["v1"])
    app.include_router(r, prefix="/v2", tags=["v2"])
    app.include_router(r)
""",
)
hazard(
    "routes append",
    """
    from fastapi.routing import APIRoute
    from starlette.routing import Route, Mount
    app = FastAPI()
    def one(): ...
    app.routes.append(APIRoute("/one", one))
    app.router.routes.append(Route("/two", one))
    app.router.routes.insert(0, Route("/zero", one))
    @app.get("/three")
    def three(): ...
""",
)
hazard(
    "routes removed",
    """
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    @app.get("/four")
    def four(): ...
    app.router.routes = [r for r in app.router.routes if r.path != "/three"]
""",
)
hazard(
    "routes removed by loop",
    """
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    @app.get("/four")
    def four(): ...
    for r in list(app.routes):
        if r.path == "/three":
            app.routes.remove(r)
""",
)
hazard(
    "routes changed by loop operation ids",
    """
    from fastapi.routing import APIRoute
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    for r in app.routes:
        if isinstance(r, APIRoute):
            r.operation_id = r.name
""",
)
hazard(
    "routes changed in function given app",
    """
    from fastapi.routing import APIRoute
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    def use_route_names(app: FastAPI) -> None:
        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name
    use_route_names(app)
""",
)
hazard(
    "routes changed by slice assign and pop",
    """
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    @app.get("/four")
    def four(): ...
    app.router.routes.pop()
    @app.get("/five")
    def five(): ...
    del app.router.routes[-1]
    app.router.routes[:] = app.router.routes
""",
)
hazard(
    "routes extend from other",
    """
    app = FastAPI()
    r = APIRouter()
    @r.get("/three")
    def three(): ...
    app.router.routes.extend(r.routes)
""",
)
hazard(
    "routes += other",
    """
    app = FastAPI()
    r = APIRouter()
    @r.get("/three")
    def three(): ...
    app.router.routes += r.routes
""",
)
hazard(
    "routes sort",
    """
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    @app.get("/four")
    def four(): ...
    app.router.routes.sort(key=lambda r: r.path)
""",
)
hazard(
    "alias of routes",
    """
    app = FastAPI()
    @app.get("/three")
    def three(): ...
    rs = app.router.routes
    rs.reverse()
    rs.clear()
""",
)
hazard(
    "lambda endpoint and partial",
    """
    import functools
    app = FastAPI()
    app.add_api_route("/l", lambda: 1)
    def f(a, b: int = 0): ...
    app.add_api_route("/p", functools.partial(f, 1), name="p")
    app.add_api_route("/p2", functools.partial(f, b=1))
    class Callable_:
        def __call__(self, q: int): ...
    app.add_api_route("/c", Callable_())
""",
)
hazard(
    "prefix set after routes",
    """
    app = FastAPI()
    r = APIRouter()
    @r.get("/three")
    def three(): ...
    r.prefix = "/late"
    @r.get("/four")
    def four(): ...
    app.include_router(r)
""",
)
hazard(
    "prefix set after include",
    """
    app = FastAPI()
    r, s = APIRouter(prefix="/r"), APIRouter(prefix="/s")
    @s.get("/three")
    def three(): ...
    r.include_router(s)
    r.prefix = "/late"
    app.include_router(r)
""",
)
hazard(
    "tags appended after",
    """
    app = FastAPI()
    r = APIRouter(prefix="/r", tags=["a"])
    def dep(): ...
    @r.get("/three")
    def three(): ...
    r.tags.append("b")
    r.dependencies.append(Depends(dep))
    @r.get("/four")
    def four(): ...
    app.include_router(r)
""",
)
hazard(
    "tags appended to default",
    """
    app = FastAPI()
    r = APIRouter(prefix="/r")
    def dep(): ...
    r.tags.append("b")
    r.dependencies.append(Depends(dep))
    r.tags += ["c"]
    @r.get("/four")
    def four(): ...
    app.include_router(r)
    app.router.dependencies.append(Depends(dep))
    @app.get("/five")
    def five(): ...
""",
)
hazard(
    "shared tag list mutated after",
    """
    TAGS = ["a"]
    app = FastAPI()
    r = APIRouter(tags=TAGS)
    @r.get("/three", tags=TAGS)
    def three(): ...
    TAGS.append("z")
    @r.get("/four", tags=TAGS)
    def four(): ...
    app.include_router(r)
""",
)
hazard(
    "shared dependencies list mutated",
    """
    def d(): ...
    DEPS = []
    app = FastAPI(dependencies=DEPS)
    @app.get("/three", dependencies=DEPS)
    def three(): ...
    DEPS.append(Depends(d))
    @app.get("/four", dependencies=DEPS)
    def four(): ...
""",
)
hazard(
    "decorator without wraps above",
    """
    import functools
    def deco(f):
        def wrapper(*args, **kwargs): return f(*args, **kwargs)
        return wrapper
    def deco2(f):
        @functools.wraps(f)
        def wrapper(*args, **kwargs): return f(*args, **kwargs)
        return wrapper
    def deco3(f):
        def wrapper(q: int, x=Depends(lambda: 1)): return f()
        wrapper.__name__ = "renamed"
        return wrapper
    def deco4(name):
        def inner(f):
            f.__name__ = name
            return f
        return inner
    def dep(): ...
    app = FastAPI()
    @app.get("/a")
    @deco
    def a(x=Depends(dep)): ...
    @app.get("/b")
    @deco2
    def b(x=Depends(dep)): ...
    @app.get("/c")
    @deco3
    def c(x=Depends(dep)): ...
    @app.get("/d")
    @deco4("dd")
    def d(x=Depends(dep)): ...
    def e(): ...
    e.__name__ = "ee"
    app.get("/e")(e)
    @deco2
    @app.get("/f")
    def f(x=Depends(dep)): ...
""",
)
hazard(
    "name set in function loop",
    """
    app = FastAPI()
    def make(n):
        def handler(): return n
        handler.__name__ = f"get_{n}"
        handler.__qualname__ = f"get_{n}"
        return handler
    for n in ["a", "b"]:
        app.add_api_route(f"/{n}", make(n))
        app.get(f"/{n}/2", name=f"n{n}")(make(n))
    def setter():
        def handler(): ...
        setattr(handler, "__name__", "zz")
        return handler
    app.get("/set")(setter())
    import types
    h2 = types.FunctionType(setter().__code__, globals(), "ty")
    app.get("/ty")(h2)
""",
)
hazard(
    "annotations changed by code",
    """
    def dep(): ...
    app = FastAPI()
    def make(d):
        def handler(x): ...
        handler.__annotations__["x"] = d
        handler.__defaults__ = (Depends(dep),)
        return handler
    app.get("/a")(make(int))
""",
)
hazard(
    "signature changed by code",
    """
    import inspect
    def dep(): ...
    app = FastAPI()
    def make():
        def handler(**kw): ...
        sig = inspect.signature(handler)
        parameter = inspect.Parameter("x", inspect.Parameter.KEYWORD_ONLY, default=Depends(dep))
        handler.__signature__ = sig.replace(parameters=[parameter])
        return handler
    app.get("/a")(make())
""",
)
hazard(
    "startup event registers",
    """
    app = FastAPI()
    r = APIRouter()
    @r.get("/x")
    def x(): ...
    @app.on_event("startup")
    def start():
        app.include_router(r)
    @app.get("/y")
    def y(): ...
""",
)
hazard(
    "conditional import",
    """
    app = FastAPI()
    r = APIRouter()
    try:
        import nothing_there
    except ImportError:
        nothing_there = None
    if nothing_there:
        @app.get("/nothing")
        def nothing(): ...
    else:
        @app.get("/something")
        def something(): ...
    try:
        import json
        HAS = True
    except ImportError:
        HAS = False
    if HAS:
        @app.get("/has")
        def has(): ...
    try:
        import nothing_there_2
        HAS2 = True
    except ImportError:
        HAS2 = False
    if HAS2:
        @app.get("/has2")
        def has2(): ...
    try:
        from nothing_there_3 import router as extra
        app.include_router(extra)
    except ImportError:
        pass
    try:
        from nothing_there_4 import thing
        @app.get("/thing")
        def t(): ...
    except ImportError:
        @app.get("/nothing4")
        def t(): ...
""",
)
hazard(
    "try with raise in own function",
    """
    app = FastAPI()
    def check(): raise RuntimeError
    try:
        check()
        @app.get("/never")
        def never(): ...
    except RuntimeError:
        @app.get("/instead")
        def instead(): ...
    @app.get("/always")
    def always(): ...
""",
)
hazard(
    "generate unique id",
    """
    def uid(route): return f"{route.tags[0] if route.tags else 'x'}-{route.name}"
    def uid2(route): return route.path_format + list(route.methods)[0]
    app = FastAPI(generate_unique_id_function=uid)
    r = APIRouter(generate_unique_id_function=uid2)
    @r.get("/x/{a:int}")
    def x(a: int): ...
    @app.get("/y", tags=["t"])
    def y(): ...
    @app.get("/z", generate_unique_id_function=lambda r: r.name.upper())
    def z(): ...
    app.include_router(r, prefix="/r", generate_unique_id_function=uid)
    r2 = APIRouter()
    @r2.get("/q")
    def q(): ...
    app.include_router(r2)
""",
)
hazard(
    "mounted sub app",
    """
    app = FastAPI()
    sub = FastAPI()
    @sub.get("/x")
    def x(): ...
    app.mount("/sub", sub)
    @sub.get("/y")
    def y(): ...
    app.mount("/sub2/", sub, name="s2")
    app.mount(path="", app=FastAPI(openapi_url=None))
    r = APIRouter(prefix="/r")
    r.mount("/inner", sub)
    app.include_router(r, prefix="/p")
    @app.get("/z")
    def z(): ...
""",
)
hazard(
    "app factory with arguments",
    """
    def create_app(prefix, extra=None, **kw):
        app = FastAPI(**kw)
        r = APIRouter(prefix=prefix)
        @r.get("/x")
        def x(): ...
        app.include_router(r)
        if extra:
            app.include_router(extra)
        return app
    e = APIRouter()
    @e.get("/e")
    def ee(): ...
    app = create_app("/p", e, title="x")
    other = create_app("/q")
""",
)
hazard(
    "subclass of router",
    """
    class MyRouter(APIRouter):
        def __init__(self, name, *args, **kw):
            super().__init__(*args, prefix=f"/{name}", tags=[name], **kw)
            self.add_api_route("/health", self.health, methods=["GET"])
            self.get("/ping")(self.ping)
        def health(self): ...
        def ping(self, q: int = 0): ...
        def get(self, path, **kw):
            kw.setdefault("status_code", 203)
            return super().get(path, **kw)
    app = FastAPI()
    m = MyRouter("my")
    @m.get("/x")
    def x(): ...
    @m.post("/y")
    def y(): ...
    app.include_router(m)
""",
)
hazard(
    "subclass include_router",
    """
    class MyRouter(APIRouter):
        def include_router(self, router, **kw):
            kw["prefix"] = "/forced" + kw.get("prefix", "")
            return super().include_router(router, **kw)
    class App(FastAPI):
        def include_router(self, router, *a, **kw):
            super().include_router(router, *a, **kw)
            super().include_router(router, prefix="/again")
        def setup(self):
            super().setup()
            self.add_api_route("/from-setup", self.hello)
        def hello(self): ...
    app = App()
    m, r = MyRouter(), APIRouter()
    @r.get("/x")
    def x(): ...
    m.include_router(r)
    app.include_router(m)
""",
)
hazard(
    "subclass app add_api_route",
    """
    class App(FastAPI):
        def add_api_route(self, path, endpoint, **kw):
            super().add_api_route("/z" + path, endpoint, **kw)
        def get(self, path, **kw):
            return super().get("/g" + path, **kw)
    app = App()
    @app.get("/x")
    def x(): ...
    @app.post("/y")
    def y(): ...
    app.add_api_route("/q", y)
""",
)
hazard(
    "class based view by hand",
    """
    class Controller:
        def __init__(self):
            self.router = APIRouter(prefix="/c")
            self.router.add_api_route("/a", self.a, methods=["GET", "POST"])
            self.router.get("/b")(self.b)
            for name in ("c", "d"):
                self.router.add_api_route(f"/{name}", getattr(self, name))
        def a(self, x: int): ...
        async def b(self, dep=Depends(lambda: 1)): ...
        def c(self): ...
        def d(self): ...
    app = FastAPI()
    app.include_router(Controller().router)
""",
)
hazard(
    "class based view decorators",
    """
    router = APIRouter()
    class Controller:
        @router.get("/a")
        def a(self): ...
        @staticmethod
        @router.get("/b")
        def b(): ...
    app = FastAPI()
    app.include_router(router)
""",
)
hazard(
    "cbv by own reflection",
    """
    import inspect
    def route(method, path):
        def deco(f):
            f._route = (method, path)
            return f
        return deco
    class View:
        @route("GET", "/a")
        def a(self): ...
        @route("POST", "/b")
        def b(self): ...
        def register(self, app):
            for name, m in inspect.getmembers(self, inspect.ismethod):
                if hasattr(m, "_route"):
                    method, path = m._route
                    app.add_api_route(path, m, methods=[method])
    app = FastAPI()
    View().register(app)
""",
)
hazard(
    "loop over dict of handlers",
    """
    app = FastAPI()
    def a(): ...
    def b(): ...
    for path, (h, methods) in {"/a": (a, ["GET"]), "/b": (b, ["POST", "PUT"])}.items():
        app.add_api_route(path, h, methods=methods)
    for i in range(3):
        app.add_api_route(f"/r{i}", a, name=f"r{i}")
    for i, h in enumerate([a, b]):
        app.add_api_route(f"/e{i}", h)
    for p, h in zip(["/z1", "/z2"], [a, b]):
        app.add_api_route(p, h)
""",
)
hazard(
    "while and break",
    """
    app = FastAPI()
    def a(): ...
    i = 0
    while i < 2:
        app.add_api_route(f"/w{i}", a)
        i += 1
    for p in ["/a", "/b", "/c"]:
        if p == "/b":
            break
        app.add_api_route(p, a)
    for p in ["/a2", "/b2", "/c2"]:
        if p == "/b2":
            continue
        app.add_api_route(p, a)
    else:
        app.add_api_route("/else", a)
    for p in ["/a3", "/b3"]:
        break
    else:
        app.add_api_route("/else3", a)
""",
)
hazard(
    "break under unknown condition",
    """
    import os, sys
    app = FastAPI()
    def a(): ...
    for p in ["/a", "/b", "/c"]:
        app.add_api_route(p, a)
        if len(sys.argv) < 1000:
            break
    for p in ["/a2", "/b2", "/c2"]:
        if len(sys.argv) < 1000:
            continue
        app.add_api_route(p, a)
    def early(app):
        if len(sys.argv) < 1000:
            return
        app.add_api_route("/early", a)
    early(app)
    def raising(app):
        if len(sys.argv) < 1000:
            raise ValueError
        app.add_api_route("/raising", a)
    try:
        raising(app)
    except ValueError:
        pass
""",
)
hazard(
    "nested break",
    """
    import sys
    app = FastAPI()
    def a(): ...
    for x in ["/x", "/y"]:
        for p in ["/a", "/b"]:
            if p == "/b":
                break
            app.add_api_route(x + p, a)
""",
)
hazard(
    "comprehension side effects",
    """
    app = FastAPI()
    a, b = APIRouter(prefix="/a"), APIRouter(prefix="/b")
    @a.get("/1")
    def a1(): ...
    @b.get("/1")
    def b1(): ...
    [app.include_router(r) for r in (a, b)]
    list(map(app.include_router, [a, b]))
    {app.include_router(r, prefix="/s") for r in [a]}
    any(app.include_router(r, prefix="/g") for r in [a])
    [app.include_router(r, prefix="/i") for r in (a, b) if r is a]
    list(map(lambda r: app.include_router(r, prefix="/m"), [a, b]))
    for _ in map(lambda r: app.include_router(r, prefix="/mm"), [a, b]): pass
""",
)
hazard(
    "websocket and starlette",
    """
    from starlette.endpoints import HTTPEndpoint
    app = FastAPI()
    def d(): ...
    @app.websocket("/ws", dependencies=[Depends(d)])
    async def ws(websocket): ...
    app.add_api_websocket_route("/ws2", ws, name="w2")
    app.router.add_route("/st", ws, methods=["POST"])
    class E(HTTPEndpoint):
        def get(self, request): ...
    app.add_route("/e", E)
    r = APIRouter(prefix="/r", dependencies=[Depends(d)])
    @r.websocket("/ws")
    async def ws3(websocket): ...
    r.add_route("/st", ws)
    app.include_router(r, prefix="/p")
    app.router.add_websocket_route("/ww", ws)
    @app.router.route("/old", methods=["GET", "PATCH"]) if hasattr(app.router, "route") else (lambda f: f)
    async def old(request): ...
""",
)
hazard(
    "globals mutated between modules",
    """
    import registry, plugins_a, plugins_b
    app = FastAPI()
    for path, h in registry.ALL:
        app.add_api_route(path, h)
    for name in registry.NAMED:
        app.add_api_route("/" + name, registry.NAMED[name])
""",
    registry="""
    ALL = []
    NAMED = {}
    def register(path):
        def deco(f):
            ALL.append((path, f))
            NAMED[f.__name__] = f
            return f
        return deco
""",
    plugins_a="""
    from registry import register
    @register("/a")
    def a(): ...
""",
    plugins_b="""
    from registry import register
    @register("/b")
    def b(): ...
""",
)
hazard(
    "importlib plugins",
    """
    import importlib, pkgutil
    import plug
    app = FastAPI()
    for name in ["one", "two"]:
        m = importlib.import_module(f"plug.{name}")
        app.include_router(m.router)
    for info in pkgutil.iter_modules(plug.__path__):
        m = importlib.import_module(f"plug.{info.name}")
        app.include_router(m.router, prefix="/again")
""",
    plug____init__="",
    plug__one="""
    from fastapi import APIRouter
    router = APIRouter(prefix="/one")
    @router.get("/x")
    def x(): ...
""",
    plug__two="""
    from fastapi import APIRouter
    router = APIRouter(prefix="/two")
    @router.get("/x")
    def x(): ...
""",
)
hazard(
    "default argument mutable dependency override",
    """
    def dep(): ...
    def other(): ...
    app = FastAPI()
    @app.get("/x")
    def x(d=Depends(dep)): ...
    app.dependency_overrides[dep] = other
""",
)
hazard(
    "rebinding names of handlers and deps",
    """
    from typing import Annotated
    def dep(): ...
    D = Annotated[int, Depends(dep)]
    app = FastAPI()
    @app.get("/x")
    def x(d: D): ...
    def dep2(): ...
    D = Annotated[int, Depends(dep2)]
    @app.get("/y")
    def y(d: D, e: "D"): ...
    def dep(): ...
    @app.get("/z")
    def z(d: "D" = None, e=Depends(dep)): ...
""",
)
hazard(
    "closure default dependency by loop",
    """
    app = FastAPI()
    def mk(n):
        def check(): return n
        return check
    for n in ["a", "b"]:
        @app.get("/" + n)
        def handler(x=Depends(mk(n))): ...
    import sys
    if len(sys.argv) > 500:
        def dep(): ...
    else:
        def dep(y=Depends(mk(1))): ...
    @app.get("/dep")
    def useddep(x=Depends(dep)): ...
""",
)
hazard(
    "conditional handler definition",
    """
    import sys
    app = FastAPI()
    if len(sys.argv) > 500:
        def one(): ...
    else:
        def two(): ...
        one = two
    app.get("/one")(one)
    p = "/a" if len(sys.argv) > 500 else "/b"
    app.get(p)(one)
""",
)
hazard(
    "class dependency with init inherited from outside",
    """
    from pydantic import BaseModel
    from dataclasses import dataclass, field
    def d(): ...
    class M(BaseModel):
        a: int = 0
    @dataclass
    class Q:
        a: int = 0
        b: str = Depends(d)
    class NT:
        def __new__(cls, x=Depends(d)): return object.__new__(cls)
    class Base:
        def __init__(self, x=Depends(d)): ...
    class Sub(Base): ...
    class Meta(type):
        def __call__(cls, z=Depends(d)): ...
    app = FastAPI()
    @app.get("/x")
    def x(m: M = Depends(), q: Q = Depends(), n: NT = Depends(), s: Sub = Depends()): ...
""",
)
hazard(
    "security scopes nested",
    """
    from fastapi.security import OAuth2PasswordBearer, SecurityScopes, HTTPBearer, APIKeyHeader
    oauth = OAuth2PasswordBearer(tokenUrl="t", scopes={"a": "A"})
    def user(s: SecurityScopes, token=Security(oauth)): ...
    def active(u=Security(user, scopes=["a"])): ...
    app = FastAPI(dependencies=[Security(HTTPBearer(), scopes=["z"])])
    @app.get("/x")
    def x(u=Security(active, scopes=["b", "c"]), k=Depends(APIKeyHeader(name="k"))): ...
    SC = ("q",)
    @app.get("/y", dependencies=[Security(active, scopes=[*SC, "w"])])
    def y(): ...
""",
)
hazard(
    "include before routes",
    """
    app = FastAPI()
    r = APIRouter(prefix="/r")
    app.include_router(r)
    @r.get("/late")
    def late(): ...
    s = APIRouter()
    @s.get("/early")
    def early(): ...
    app.include_router(s)
    @s.get("/late2")
    def late2(): ...
""",
)
hazard(
    "app created twice same name",
    """
    app = FastAPI()
    @app.get("/x")
    def x(): ...
    app = FastAPI()
    @app.get("/y")
    def y(): ...
""",
)
hazard(
    "empty prefix and slash",
    """
    app = FastAPI()
    r = APIRouter(prefix="/r")
    @r.get("")
    def x(): ...
    @r.get("/")
    def y(): ...
    app.include_router(r)
""",
)
hazard(
    "tags enum",
    """
    from enum import Enum
    class T(Enum):
        A = "a"
        B = "b"
    class S(str, Enum):
        A = "sa"
    from enum import auto, StrEnum
    class U(StrEnum):
        ONE = auto()
    app = FastAPI()
    @app.get("/x", tags=[T.A, S.A, U.ONE, T.B.value])
    def x(): ...
    @app.get(f"/{S.A.value}/{U.ONE}")
    def y(): ...
    @app.get("/z" + U.ONE, name=T.A.name)
    def z(): ...
    for t in T:
        app.get("/t/" + t.value)(x)
""",
)
hazard(
    "exec and eval",
    """
    app = FastAPI()
    exec("@app.get('/e')\\ndef e(): ...")
    eval("app.get('/f')")(lambda: 1)
""",
)
hazard(
    "app handed to object attribute",
    """
    app = FastAPI()
    class Ext:
        def init_app(self, app):
            self.app = app
            self._go()
        def _go(self):
            @self.app.get("/ext")
            def ext(): ...
    Ext().init_app(app)
    class Lazy:
        def __init__(self, app): self.app = app
        def __enter__(self):
            self.app.add_api_route("/enter", lambda: 1, name="enter")
            return self
        def __exit__(self, *a): ...
    with Lazy(app):
        pass
    class Prop:
        def __init__(self, app): self.app = app
        @property
        def go(self):
            self.app.add_api_route("/prop", lambda: 1, name="prop")
    Prop(app).go
""",
)
hazard(
    "contextmanager and generators",
    """
    import contextlib
    app = FastAPI()
    @contextlib.contextmanager
    def versioned(v):
        r = APIRouter(prefix=v)
        yield r
        app.include_router(r)
    with versioned("/v1") as r:
        @r.get("/x")
        def x(): ...
    def gen():
        for n in ("a", "b"):
            yield APIRouter(prefix="/" + n)
    for r in gen():
        r.get("/g")(lambda: 1)
        app.include_router(r)
""",
)
hazard(
    "init_subclass and metaclass registration",
    """
    app = FastAPI()
    class Base:
        def __init_subclass__(cls, **kw):
            app.get("/" + cls.__name__.lower())(cls.handle)
    class One(Base):
        @staticmethod
        def handle(): ...
    class Two(Base):
        @staticmethod
        def handle(): ...
""",
)
hazard(
    "set_name descriptors",
    """
    app = FastAPI()
    class D:
        def __set_name__(self, owner, name):
            app.get("/" + name)(lambda: 1)
    class One:
        first = D()
""",
)
hazard(
    "decorator class registers",
    """
    app = FastAPI()
    class route:
        def __init__(self, path): self.path = path
        def __call__(self, f):
            app.add_api_route(self.path, f)
            return f
    @route("/x")
    def x(): ...
""",
)
hazard(
    "class decorator",
    """
    app = FastAPI()
    def controller(prefix):
        def deco(cls):
            r = APIRouter(prefix=prefix)
            inst = cls()
            r.add_api_route("/l", inst.list)
            app.include_router(r)
            return cls
        return deco
    @controller("/things")
    class Things:
        def list(self, q: int = 0): ...
""",
)
hazard(
    "root_path and docs",
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url="/o.json", root_path="/api", redirect_slashes=False)
    @app.get("/x", include_in_schema=False)
    def x(): ...
""",
)
hazard(
    "host",
    """
    app = FastAPI()
    sub = FastAPI()
    @sub.get("/s")
    def s(): ...
    app.host("api.example.org", sub)
""",
)
hazard(
    "api_route methods",
    """
    app = FastAPI()
    @app.api_route("/x", methods=["get", "POST"], operation_id="zz")
    def x(): ...
    @app.api_route("/y", methods=("get",))
    def y(): ...
    @app.api_route("/z", methods={"PUT"})
    def z(): ...
    @app.api_route("/w", methods=["GET", "GET"])
    def w(): ...
    @app.api_route("/v")
    def v(): ...
""",
)
hazard(
    "operation id empty",
    """
    app = FastAPI()
    @app.get("/x", operation_id="", name="")
    def x(): ...
""",
)
hazard(
    "dep class instance call",
    """
    class Check:
        def __init__(self, n): ...
        def __call__(self, q=Depends(lambda: 1)): ...
    app = FastAPI()
    ck = Check(1)
    @app.get("/x", dependencies=[Depends(ck), Depends(Check(2)), Depends(ck.__call__)])
    def x(): ...
    class Svc:
        def get(self, q=Depends(ck)): ...
        @classmethod
        def cm(cls, q=Depends(ck)): ...
        @staticmethod
        def sm(q=Depends(ck)): ...
    svc = Svc()
    @app.get("/y")
    def y(a=Depends(svc.get), b=Depends(Svc.cm), c=Depends(Svc.sm)): ...
""",
)
hazard(
    "partial dependencies",
    """
    import functools
    def base(a, b=Depends(lambda: 1), c=Depends(lambda: 2)): ...
    app = FastAPI()
    @app.get("/x")
    def x(a=Depends(functools.partial(base, 1)), b=Depends(functools.partial(base, b=2))): ...
""",
)
hazard(
    "annotated multiple depends and default",
    """
    from typing import Annotated, Optional
    def a(): ...
    def b(): ...
    app = FastAPI()
    @app.get("/x")
    def x(q: Annotated[int, Depends(a), Depends(b)], r: Optional[Annotated[int, Depends(a)]] = None): ...
    @app.get("/y")
    def y(q: Annotated[Annotated[int, Depends(a)], "doc"]): ...
    @app.get("/u")
    def u(q: Annotated[Annotated[int, Depends(a)], Depends(b)]): ...
""",
)
hazard(
    "type aliases generic",
    """
    from typing import Annotated, TypeVar
    import typing
    def a(): ...
    T = TypeVar("T")
    Dep = Annotated[T, Depends(a)]
    app = FastAPI()
    @app.get("/x")
    def x(q: Dep[int]): ...
    def mk(t): return Annotated[t, Depends(a)]
    M = mk(int)
    @app.get("/y")
    def y(q: M): ...
""",
)
hazard(
    "include app router",
    """
    app, other = FastAPI(), FastAPI()
    @other.get("/x")
    def x(): ...
    app.include_router(other.router, prefix="/o")
    app.mount("/m", other.router)
""",
)
hazard(
    "include self nested after copy",
    """
    app = FastAPI()
    a, b, c = APIRouter(prefix="/a"), APIRouter(prefix="/b"), APIRouter(prefix="/c")
    a.include_router(b)
    @c.get("/1")
    def c1(): ...
    b.include_router(c)
    @b.get("/2")
    def b2(): ...
    app.include_router(a)
    app.include_router(b, prefix="/z")
""",
)
hazard(
    "setattr on module and monkeypatch",
    """
    app = FastAPI()
    orig = FastAPI.get
    def patched(self, path, **kw):
        return orig(self, "/patched" + path, **kw)
    FastAPI.get = patched
    @app.get("/x")
    def x(): ...
    FastAPI.get = orig
""",
)
hazard(
    "route decorated twice and reused",
    """
    app = FastAPI()
    @app.get("/a")
    @app.post("/b", status_code=201)
    @app.get("/c", name="cc")
    def x(): ...
    get = app.get
    @get("/d")
    def d(): ...
    g2 = getattr(app, "put")
    @g2("/e")
    def e(): ...
    for m in ("get", "delete"):
        getattr(app, m)("/m")(x)
    from functools import partial
    tagged = partial(app.get, tags=["t"])
    @tagged("/f")
    def f(): ...
""",
)
hazard(
    "delete name reuse handler",
    """
    app = FastAPI()
    @app.get("/a")
    def h(): ...
    del h
    @app.get("/b")
    def h(): ...
    def get_router():
        router = APIRouter()
        @router.get("/x")
        def h(): ...
        return router
    app.include_router(get_router())
    app.include_router(get_router(), prefix="/2")
""",
)
hazard(
    "env and match",
    """
    import os, sys
    app = FastAPI()
    def a(): ...
    match sys.platform:
        case "nothing":
            app.get("/n")(a)
        case _:
            app.get("/default")(a)
    match "x":
        case "x":
            app.get("/x")(a)
        case "y":
            app.get("/y")(a)
    if os.environ.get("NOT_THERE_EVER") == "1":
        app.get("/env")(a)
    if "NOT_THERE" in os.environ:
        app.get("/env2")(a)
    if sys.version_info >= (3, 8):
        app.get("/v")(a)
    if __debug__:
        app.get("/debug")(a)
""",
)
hazard(
    "ellipsis kwargs dict",
    """
    OPTS = {"tags": ["a"], "status_code": 201}
    OPTS2 = dict(OPTS, name="nn")
    app = FastAPI()
    @app.get("/x", **OPTS)
    def x(): ...
    @app.get("/y", **OPTS2)
    def y(): ...
    OPTS["tags"].append("b")
    OPTS["status_code"] = 202
    @app.get("/z", **{**OPTS, "status_code": 204})
    def z(): ...
    ARGS = ("/q",)
    @app.get(*ARGS)
    def q(): ...
""",
)
hazard(
    "string ops in path",
    """
    V = 1
    app = FastAPI()
    def a(): ...
    app.get("/v%d/x" % V)(a)
    app.get("/v{}/x".format(V))(a)
    app.get(f"/v{V:02d}/x")(a)
    app.get("/".join(["", "a", "b"]))(a)
    app.get("/a" "/b")(a)
    app.get("/ab"[0:2])(a)
    app.get(("/x" * 2))(a)
    app.get(f"{'/c'!s}")(a)
    app.get(f"/{V!r}")(a)
    app.get(str("/d"))(a)
""",
)
hazard(
    "user types with overloaded ops",
    """
    class P(str):
        def __add__(self, o): return P("/ov" + str(self) + o)
        def __truediv__(self, o): return P(str(self) + "/" + o)
        def __radd__(self, o): return "/r" + o
    app = FastAPI()
    def a(): ...
    app.get(P("/a") + "/b")(a)
    app.get(P("/a") / "b")(a)
    app.get("/q" + P("/a"))(a)
    app.get(P("/sub"))(a)
""",
)
hazard(
    "instance truthiness",
    """
    class Flag:
        def __bool__(self): return False
    class Sized:
        def __len__(self): return 0
    class Eq:
        def __eq__(self, o): return True
    app = FastAPI()
    def a(): ...
    f, s = Flag(), Sized()
    if f: app.get("/f")(a)
    else: app.get("/not-f")(a)
    x = f or "/or"
    app.get(x if isinstance(x, str) else "/inst")(a)
    y = s or "/or2"
    app.get(y if isinstance(y, str) else "/inst2")(a)
    if Eq() == 5: app.get("/eq")(a)
    else: app.get("/neq")(a)
    class C:
        X = "/cx"
        @property
        def p(self): return "/p"
        def __getattr__(self, n): return "/" + n
    c = C()
    app.get(c.X)(a); app.get(c.p)(a); app.get(c.dyn)(a)
    c.X = "/changed"
    app.get(c.X)(a)
    C.X = "/class-changed"
    app.get(C().X)(a)
    app.get(C.X)(a)
""",
)
hazard(
    "class attribute changed elsewhere",
    """
    import conf, changer
    app = FastAPI()
    def a(): ...
    app.get(conf.PREFIX + "/x")(a)
    app.get(conf.Conf.prefix + "/x")(a)
    app.get(conf.settings.prefix + "/y")(a)
""",
    conf="""
    PREFIX = "/orig"
    class Conf:
        prefix = "/orig"
    class S:
        def __init__(self): self.prefix = "/s"
    settings = S()
""",
    changer="""
    import conf
    conf.PREFIX = "/changed"
    conf.Conf.prefix = "/changed"
    conf.settings.prefix = "/changed"
""",
)
hazard(
    "globals function changes",
    """
    PREFIX = "/a"
    def change():
        global PREFIX
        PREFIX = "/b"
    change()
    app = FastAPI()
    def a(): ...
    app.get(PREFIX + "/x")(a)
    globals()["PREFIX"] = "/c"
    app.get(PREFIX + "/y")(a)
    COUNT = 0
    def nxt():
        global COUNT
        COUNT += 1
        return COUNT
    app.get(f"/n{nxt()}")(a)
    app.get(f"/n{nxt()}")(a)
    def outer():
        v = "/o"
        def inner():
            nonlocal v
            v = "/inner"
        inner()
        app.get(v)(a)
    outer()
""",
)
hazard(
    "function attributes and caches",
    """
    import functools
    app = FastAPI()
    def a(): ...
    @functools.lru_cache
    def get_router():
        r = APIRouter(prefix="/r")
        app.include_router(r, prefix=f"/{len(app.routes)}" if False else "/once")
        return r
    r = get_router()
    r2 = get_router()
    r2.get("/x")(a)
    r.get("/y")(a)
    def f(x=[]):
        x.append(1)
        return len(x)
    app.get(f"/{f()}")(a)
    app.get(f"/{f()}")(a)
""",
)
hazard(
    "property router",
    """
    import functools
    class Api:
        @functools.cached_property
        def router(self):
            r = APIRouter(prefix="/api")
            r.get("/x")(self.x)
            return r
        def x(self): ...
    api = Api()
    app = FastAPI()
    app.include_router(api.router)
    app.include_router(api.router, prefix="/2")
""",
)
hazard(
    "dependency tree changes",
    """
    app = FastAPI()
    def d(): ...
    @app.get("/x")
    def x(): ...
    from fastapi.dependencies.utils import get_parameterless_sub_dependant
    for r in app.routes:
        if getattr(r, "dependant", None):
            r.dependant.dependencies.insert(0, get_parameterless_sub_dependant(depends=Depends(d), path=r.path_format))
""",
)
hazard(
    "star import router",
    """
    from star_api import *
    app = FastAPI()
    app.include_router(router)
""",
    star_api="""
    from fastapi import APIRouter
    router = APIRouter(prefix="/star")
    @router.get("/x")
    def x(): ...
""",
)
hazard(
    "defaultdict of routers",
    """
    from collections import defaultdict, OrderedDict
    routers = defaultdict(APIRouter)
    @routers["a"].get("/a1")
    def a1(): ...
    @routers["b"].get("/b1")
    def b1(): ...
    app = FastAPI()
    for name, r in routers.items():
        app.include_router(r, prefix="/" + name)
    od = OrderedDict()
    od["x"] = APIRouter(prefix="/od")
    od["x"].get("/1")(a1)
    for r in od.values(): app.include_router(r)
    for r in sorted(["/c", "/a"]): app.get(r)(a1)
    for r in reversed(["/c2", "/a2"]): app.get(r)(a1)
    d = {}
    d["q"] = APIRouter(prefix="/q"); d["q"].get("/1")(a1)
    d.pop("q")
    for r in d.values(): app.include_router(r)
""",
)
hazard(
    "deepcopy router",
    """
    import copy
    app = FastAPI()
    r = APIRouter(prefix="/r")
    @r.get("/1")
    def one(): ...
    r2 = copy.deepcopy(r)
    @r2.get("/2")
    def two(): ...
    r3 = copy.copy(r)
    @r3.get("/3")
    def three(): ...
    app.include_router(r)
    app.include_router(r2, prefix="/copy")
""",
)
hazard(
    "threading startup and atexit and main",
    """
    app = FastAPI()
    def main():
        app.get("/main")(lambda: 1)
    if __name__ == "__main__":
        main()
    def never():
        app.get("/never")(lambda: 1)
    @app.get("/x")
    def x():
        app.get("/dyn")(lambda: 1)
""",
)
hazard(
    "async factory",
    """
    import asyncio
    async def build():
        app = FastAPI()
        @app.get("/x")
        def x(): ...
        return app
    app = asyncio.run(build())
    def build2():
        app = FastAPI()
        @app.get("/x")
        def x(): ...
        return app, 1
    app2, _ = build2()
""",
)
hazard(
    "lifespan include",
    """
    from contextlib import asynccontextmanager
    r = APIRouter()
    @r.get("/life")
    def life(): ...
    @asynccontextmanager
    async def lifespan(app):
        app.include_router(r)
        yield
    app = FastAPI(lifespan=lifespan)
    @app.get("/x")
    def x(): ...
""",
)
hazard(
    "wrapped app",
    """
    from starlette.applications import Starlette
    inner = FastAPI()
    @inner.get("/x")
    def x(): ...
    app = FastAPI(routes=inner.routes)
    @app.get("/y")
    def y(): ...
    r = APIRouter(routes=[])
""",
)
hazard(
    "dynamic class type()",
    """
    R = type("R", (APIRouter,), {})
    r = R(prefix="/r")
    @r.get("/x")
    def x(): ...
    app = FastAPI()
    app.include_router(r)
""",
)
hazard(
    "mixin order mro",
    """
    class Mixin:
        def add_api_route(self, path, endpoint, **kw):
            super().add_api_route("/mix" + path, endpoint, **kw)
    class R(Mixin, APIRouter): ...
    r = R(prefix="/r")
    @r.get("/x")
    def x(): ...
    app = FastAPI()
    app.include_router(r)
    class A(APIRouter):
        def api_route(self, path, **kw): return super().api_route("/A" + path, **kw)
    class B(A):
        def api_route(self, path, **kw): return super().api_route("/B" + path, **kw)
    class Cc(A):
        def api_route(self, path, **kw): return super().api_route("/C" + path, **kw)
    class D(B, Cc): ...
    d = D()
    @d.get("/x")
    def dx(): ...
    app.include_router(d)
""",
)
hazard(
    "subclass attr prefix",
    """
    class R(APIRouter):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.prefix = "/changed"
            self.tags = ["tt"]
            self.route_count = 0
        def include_router(self, *a, **kw): raise NotImplementedError
    r = R(prefix="/r")
    @r.get("/x")
    def x(): ...
    app = FastAPI()
    app.include_router(r)
""",
)
hazard(
    "dataclass config frozen default factory",
    """
    from dataclasses import dataclass, field
    @dataclass
    class Conf:
        prefix: str = "/p"
        paths: list = field(default_factory=lambda: ["/a", "/b"])
        def __post_init__(self): self.prefix = "/post" + self.prefix
    c = Conf()
    app = FastAPI()
    def a(): ...
    for p in c.paths: app.get(c.prefix + p)(a)
    app.get(Conf("/q").prefix)(a)
    from typing import NamedTuple
    class N(NamedTuple):
        path: str
        tag: str = "t"
    for n in [N("/n1"), N("/n2", "u")]:
        app.get(n.path, tags=[n.tag])(a)
    for path, tag in [N("/n3")]: app.get(path, tags=[tag])(a)
    from pydantic import BaseModel, Field, field_validator
    class M(BaseModel):
        prefix: str = Field("/m", alias="pp")
        @field_validator("prefix")
        @classmethod
        def v(cls, x): return "/validated" + x
    app.get(M(pp="/mm").prefix)(a)
    app.get(M().prefix + "/2")(a)
""",
)
hazard(
    "conditional expression app option",
    """
    import sys
    flag = len(sys.argv) > 1000
    def d(): ...
    app = FastAPI(dependencies=[Depends(d)] if flag else [])
    @app.get("/x", tags=["a"] if flag else None, include_in_schema=flag)
    def x(): ...
    @app.get("/y", status_code=201 if flag else 200)
    def y(): ...
    @app.get("/z", name="q" if flag else None, operation_id=None if not flag else "x")
    def z(): ...
""",
)
hazard(
    "except body defines",
    """
    app = FastAPI()
    try:
        from nothing import dep
    except ImportError:
        def dep(): ...
    try:
        from json import dumps as dep2
    except ImportError:
        def dep2(x=Depends(dep)): ...
    try:
        import nothing
        def handler(): ...
    except ImportError:
        def handler2(): ...
        handler = handler2
    @app.get("/x")
    def x(a=Depends(dep)): ...
    app.get("/h")(handler)
""",
)
hazard(
    "try value error parse",
    """
    app = FastAPI()
    def a(): ...
    try:
        n = int("notanumber")
        p = "/num"
    except ValueError:
        p = "/fallback"
    app.get(p)(a)
    try:
        p2 = {"a": 1}["b"]
        p2 = "/num"
    except KeyError:
        p2 = "/fallback2"
    app.get(p2)(a)
    import contextlib
    with contextlib.suppress(Exception):
        raise_ = 1 / 0
        app.get("/suppressed")(a)
    with contextlib.suppress(ImportError):
        import nothing_here
        app.get("/suppressed2")(a)
""",
)

hazard(
    "module not imported registers",
    """
    from core import app
    import routes_a
""",
    core="""
    from fastapi import FastAPI
    app = FastAPI()
    @app.get("/core")
    def core(): ...
""",
    routes_a="""
    from core import app
    @app.get("/a")
    def a(): ...
""",
    routes_b="""
    from core import app
    @app.get("/b")
    def b(): ...
""",
)
hazard(
    "views not imported on a router",
    """
    from users.router import router
    app = FastAPI()
    app.include_router(router)
""",
    users____init__="",
    users__router="""
    from fastapi import APIRouter
    router = APIRouter(prefix="/users")
    @router.get("/own")
    def own(): ...
""",
    users__views="""
    from .router import router
    @router.get("/view")
    def view(): ...
""",
)
hazard(
    "conditional module import",
    """
    import sys
    from core import app
    if len(sys.argv) > 500:
        import debug_routes
    try:
        import extra_routes
    except ImportError:
        pass
""",
    core="""
    from fastapi import FastAPI
    app = FastAPI()
""",
    debug_routes="""
    from core import app
    @app.get("/debug")
    def debug(): ...
""",
    extra_routes="""
    import not_installed_anywhere
    from core import app
    @app.get("/extra")
    def extra(): ...
""",
)
hazard(
    "nested module fails to import",
    """
    app = FastAPI()
    try:
        from extra import router
        app.include_router(router)
    except ImportError:
        pass
""",
    extra="""
    from fastapi import APIRouter
    import not_installed_anywhere
    router = APIRouter()
    @router.get("/extra")
    def extra(): ...
""",
)
hazard(
    "never called init function",
    """
    app = FastAPI()
    def init():
        r = APIRouter(prefix="/never")
        @r.get("/x")
        def x(): ...
        app.include_router(r)
    def init2(app):
        r = APIRouter(prefix="/never2")
        app.include_router(r)
    @app.get("/y")
    def y(): ...
""",
)
hazard(
    "conditions at same level",
    """
    import sys
    app = FastAPI()
    if len(sys.argv) > 500:
        paths = ["/a"]
    else:
        paths = []
    if len(sys.argv) < 500:
        paths.append("/b")
    def h(): ...
    for p in paths: app.get(p)(h)
    class S: pass
    if len(sys.argv) > 500:
        s = S()
    else:
        s = S()
    if len(sys.argv) > 500:
        s.prefix = "/x"
    else:
        s.prefix = "/y"
    app.get(s.prefix)(h)
""",
)
hazard(
    "router made in if and used in if",
    """
    import sys
    app = FastAPI()
    r = None
    if len(sys.argv) < 500:
        r = APIRouter(prefix="/r")
    if len(sys.argv) > 500:
        @r.get("/x")
        def x(): ...
    if r is not None:
        app.include_router(r)
    if r:
        @r.get("/y")
        def y(): ...
""",
)
hazard(
    "loop closure depends",
    """
    app = FastAPI()
    def a(): ...
    def b(): ...
    for dep in (a, b):
        @app.get("/" + dep.__name__)
        def h(x=Depends(dep)): ...
    def make(dep):
        @app.get("/m" + dep.__name__)
        def h(x=Depends(dep)): ...
    for d in (a, b):
        make(d)
    hs = []
    for d in (a, b):
        def hh(x=Depends(d)): ...
        hs.append(hh)
    for i, f in enumerate(hs):
        app.get(f"/h{i}")(f)
""",
)
hazard(
    "variable changed between definitions",
    """
    app = FastAPI()
    def a(): ...
    def b(): ...
    def outer():
        dep = a
        @app.get("/1")
        def h1(x=Depends(dep)): ...
        dep = b
        @app.get("/2")
        def h2(x=Depends(dep)): ...
    outer()
    current = a
    @app.get("/3")
    def h3(x=Depends(current)): ...
    current = b
    @app.get("/4")
    def h4(x=Depends(current)): ...
    deps = [Depends(a)]
    @app.get("/5", dependencies=deps)
    def h5(): ...
    deps = [Depends(b)]
    @app.get("/6", dependencies=deps)
    def h6(): ...
    REG = {"d": a}
    @app.get("/7")
    def h7(x=Depends(REG["d"])): ...
    REG["d"] = b
    @app.get("/8")
    def h8(x=Depends(REG["d"])): ...
    class NS: dep = a
    @app.get("/9")
    def h9(x=Depends(NS.dep)): ...
    NS.dep = b
    @app.get("/10")
    def h10(x=Depends(NS.dep)): ...
""",
)
hazard(
    "enum formats",
    """
    from enum import Enum, IntEnum
    class P(str, Enum):
        USERS = "/users"
        ITEMS = "/items"
    class I(IntEnum):
        ONE = 1
    app = FastAPI()
    def h(): ...
    app.get(P.USERS)(h)
    app.get(P.USERS.value + "/x")(h)
    app.get(P.USERS + "/y")(h)
    app.get(f"/f{P.ITEMS}")(h)
    app.get(f"/i{I.ONE}")(h)
    app.get("/" + str(I.ONE))(h)
    app.get("/%s" % P.ITEMS)(h)
    app.get("/{}".format(P.ITEMS))(h)
    for p in P:
        app.get("/loop" + p.value)(h)
    app.get("/n", name=P.USERS)(h)
    app.get("/o", operation_id=P.USERS)(h)
    app.get("/t", tags=[P.USERS])(h)
    if P.USERS == "/users": app.get("/eq")(h)
    if I.ONE == 1: app.get("/eqi")(h)
""",
)
hazard(
    "wrapping api class",
    """
    class API:
        def __init__(self, prefix):
            self.app = FastAPI()
            self.router = APIRouter(prefix=prefix)
            self._register()
            self.app.include_router(self.router)
        def _register(self):
            @self.router.get("/x")
            def x(): ...
            self.router.add_api_route("/y", self.y)
        async def y(self, q: int = 0): ...
        def __getattr__(self, name):
            return getattr(self.app, name)
    api = API("/p")
    app = api.app
    @api.get("/z")
    def z(): ...
""",
)
hazard(
    "generic crud class",
    """
    from typing import Generic, TypeVar
    T = TypeVar("T")
    class Crud(Generic[T]):
        name = "crud"
        methods = ("list", "get")
        def __init__(self, router=None):
            self.router = router or APIRouter(prefix=f"/{self.name}", tags=[self.name])
            for m in self.methods:
                getattr(self, f"_add_{m}")()
        def _add_list(self):
            self.router.add_api_route("/", self.list)
        def _add_get(self):
            self.router.add_api_route("/{id}", self.get, name=f"get_{self.name}")
        def list(self): ...
        def get(self, id: int): ...
    class Users(Crud[int]):
        name = "users"
    class Items(Crud[str]):
        name = "items"
        methods = ("list",)
        def list(self, q: str = ""): ...
    app = FastAPI()
    for c in (Users, Items):
        app.include_router(c().router)
    for c in Crud.__subclasses__():
        app.include_router(c().router, prefix="/sub")
""",
)
hazard(
    "super chain app",
    """
    class Base(FastAPI):
        def __init__(self, *args, **kw):
            kw.setdefault("dependencies", [Depends(self.check)])
            super().__init__(*args, **kw)
            self.include_router(self.base_router())
        def base_router(self):
            r = APIRouter()
            @r.get("/health")
            def health(): ...
            return r
        def check(self): ...
    class App(Base):
        def base_router(self):
            r = super().base_router()
            @r.get("/extra")
            def extra(): ...
            return r
    app = App(title="x")
    @app.get("/x")
    def x(): ...
""",
)
hazard(
    "metaclass and type registry",
    """
    registry = {}
    class Meta(type):
        def __new__(mcs, name, bases, ns):
            cls = super().__new__(mcs, name, bases, ns)
            registry[name] = cls
            return cls
    class V(metaclass=Meta):
        path = "/v"
        @staticmethod
        def handle(): ...
    class W(V):
        path = "/w"
    app = FastAPI()
    for name, cls in registry.items():
        app.add_api_route(cls.path, cls.handle)
""",
)
hazard(
    "decorator that registers and wraps",
    """
    import functools
    app = FastAPI()
    def endpoint(path, **kw):
        def deco(f):
            @functools.wraps(f)
            async def inner(*a, **k): return f(*a, **k)
            app.add_api_route(path, inner, **kw)
            return inner
        return deco
    def dep(): ...
    @endpoint("/x", tags=["a"])
    def x(d=Depends(dep)): ...
    def named(name):
        def deco(f):
            @functools.wraps(f)
            def inner(*a, **k): ...
            inner.__name__ = name
            return inner
        return deco
    @app.get("/y")
    @named("why")
    def y(): ...
    def keep_name(f):
        def inner(q: int): ...
        inner.__name__ = f.__name__
        return inner
    @app.get("/z")
    @keep_name
    def z(d=Depends(dep)): ...
    def wrapped_only(f):
        def inner(*a, **k): ...
        inner.__wrapped__ = f
        return inner
    @app.get("/w")
    @wrapped_only
    def w(d=Depends(dep)): ...
    def upd(f):
        def inner(*a, **k): ...
        functools.update_wrapper(inner, f)
        return inner
    @app.get("/u")
    @upd
    def u(d=Depends(dep)): ...
    def extra_param(f):
        @functools.wraps(f)
        def inner(*a, extra=Depends(dep), **k): ...
        import inspect
        sig = inspect.signature(f)
        extra = inspect.Parameter("extra", inspect.Parameter.KEYWORD_ONLY, default=Depends(dep))
        inner.__signature__ = sig.replace(parameters=[*sig.parameters.values(), extra])
        return inner
    @app.get("/e")
    @extra_param
    def e(q: int = 0): ...
    def only_some(names):
        def deco(f):
            @functools.wraps(f, assigned=names)
            def inner(*a, **k): ...
            return inner
        return deco
    @app.get("/s")
    @only_some(("__doc__",))
    def s(): ...
""",
)
hazard(
    "class decorator of handlers",
    """
    class timed:
        def __init__(self, f): self.f = f
        def __call__(self, q: int = 0): ...
    app = FastAPI()
    @app.get("/x")
    @timed
    def x(d=Depends(lambda: 1)): ...
""",
)
hazard(
    "sub routes of include with callbacks",
    """
    app = FastAPI()
    cb = APIRouter()
    @cb.post("{$callback_url}/x")
    def cbx(): ...
    @app.post("/x", callbacks=cb.routes)
    def x(): ...
    r = APIRouter(callbacks=cb.routes)
    @r.get("/y")
    def y(): ...
    app.include_router(r, callbacks=cb.routes)
    app.webhooks.post("new")(x)
    @app.webhooks.get("hook")
    def hook(): ...
""",
)
hazard(
    "webhooks router",
    """
    app = FastAPI(webhooks=APIRouter())
    @app.webhooks.post("new-subscription")
    def n(): ...
    @app.get("/x")
    def x(): ...
""",
)
hazard(
    "tuple unpack routers and dict of kwargs",
    """
    app = FastAPI()
    users, items = (APIRouter(prefix=p) for p in ("/users", "/items"))
    @users.get("/")
    def u(): ...
    @items.get("/")
    def i(): ...
    for router, kw in [(users, {"tags": ["u"]}), (items, dict(prefix="/x"))]:
        app.include_router(router, **kw)
    ROUTES = [("GET", "/a", "a"), ("POST", "/b", "b")]
    def a(): ...
    def b(): ...
    for method, path, name in ROUTES:
        app.add_api_route(path, globals()[name], methods=[method])
    for method, path, name in ROUTES:
        app.add_api_route("/l" + path, locals()[name] if False else a, methods=[method])
    first, *rest = ["/f", "/g", "/h"]
    app.get(first)(a)
    for r in rest: app.get(r)(a)
""",
)
hazard(
    "sorting and filtering of route lists",
    """
    app = FastAPI()
    def a(): ...
    def b(): ...
    specs = [{"path": "/b", "h": b, "order": 2}, {"path": "/a", "h": a, "order": 1}]
    for s in sorted(specs, key=lambda s: s["order"]):
        app.get(s["path"])(s["h"])
    specs.sort(key=lambda s: s["path"], reverse=True)
    for s in specs:
        app.get("/2" + s["path"])(s["h"])
    for s in filter(lambda s: s["order"] > 1, specs):
        app.get("/3" + s["path"])(s["h"])
    specs.reverse()
    specs.pop()
    for s in specs: app.get("/4" + s["path"])(s["h"])
    xs = ["/p", "/q"]
    xs.insert(0, "/o")
    xs.remove("/p")
    xs[0] = "/changed"
    for x in xs: app.get(x)(a)
    ys = xs
    ys.append("/shared")
    for x in xs: app.get("/ys" + x)(a)
    del xs[0]
    for x in xs: app.get("/del" + x)(a)
""",
)
hazard(
    "env branches",
    """
    import os
    app = FastAPI()
    def a(): ...
    MODE = os.environ.get("MODE", "prod")
    if MODE == "dev":
        app.get("/dev")(a)
    elif MODE == "prod":
        app.get("/prod")(a)
    else:
        app.get("/other")(a)
    if os.getenv("X"):
        app.get("/x")(a)
    root = os.environ.get("ROOT_PREFIX") or "/api"
    app.get(root + "/y")(a)
    try:
        p = os.environ["NOT_SET_EVER"]
    except KeyError:
        p = "/default"
    app.get(p + "/z")(a)
    if bool(os.getenv("A")) and MODE != "x":
        app.get("/and")(a)
""",
)
hazard(
    "version checks",
    """
    import fastapi, sys
    app = FastAPI()
    def a(): ...
    if tuple(int(x) for x in fastapi.__version__.split(".")[:2]) >= (0, 100):
        app.get("/new")(a)
    else:
        app.get("/old")(a)
    if sys.version_info < (3, 8): app.get("/old-py")(a)
    if sys.platform == "win32": app.get("/win")(a)
    import os
    if os.name == "nt": app.get("/nt")(a)
    if os.path.exists("/nonexistent"): app.get("/exists")(a)
    from pathlib import Path
    if Path("static").exists(): app.get("/static-exists")(a)
    if Path(__file__).exists(): app.get("/file-exists")(a)
""",
)
hazard(
    "mount many",
    """
    from starlette.routing import Route, Mount, Router
    from starlette.applications import Starlette
    app = FastAPI()
    def h(request): ...
    st = Starlette(routes=[Route("/s", h)])
    app.mount("/st", st)
    inner = Router([Route("/r", h)])
    app.mount("/rr", inner, name="rr")
    sub = FastAPI(root_path="/x")
    r = APIRouter(prefix="/r")
    @r.get("/1")
    def one(): ...
    sub.include_router(r)
    app.mount("/sub", sub)
    app.mount("/again", sub)
    @sub.get("/late")
    def late(): ...
    ar = APIRouter()
    @ar.get("/in-router")
    def inr(): ...
    app.mount("/ar", ar)
""",
)
hazard(
    "asgi middlewares as app",
    """
    inner = FastAPI()
    @inner.get("/x")
    def x(): ...
    class MW:
        def __init__(self, app): self.app = app
        async def __call__(self, scope, receive, send): ...
    wrapped = MW(inner)
    app = FastAPI()
    app.mount("/w", MW(inner))
    @app.get("/y")
    def y(): ...
    app.add_middleware(MW)
""",
)
hazard(
    "include_router via dict of modules",
    """
    from api import v1, v2
    import api
    app = FastAPI()
    for module in (v1, v2):
        app.include_router(module.router, prefix=f"/{module.__name__.split('.')[-1]}")
    for name in ["v1", "v2"]:
        app.include_router(getattr(api, name).router, prefix="/all-" + name)
    import importlib
    for name in ("v1", "v2"):
        app.include_router(importlib.import_module(f"api.{name}").router, prefix="/dyn-" + name)
""",
    api____init__="""
    from . import v1, v2
    __all__ = ["v1", "v2"]
""",
    api__v1="""
    from fastapi import APIRouter
    router = APIRouter()
    @router.get("/x")
    def x(): ...
""",
    api__v2="""
    from fastapi import APIRouter
    router = APIRouter()
    @router.get("/x")
    def x(): ...
""",
)
hazard(
    "async with and nested try",
    """
    app = FastAPI()
    def a(): ...
    try:
        try:
            raise KeyError
        except ValueError:
            app.get("/value")(a)
        app.get("/never")(a)
    except KeyError:
        app.get("/key")(a)
    finally:
        app.get("/finally")(a)
    def f():
        try:
            return "/ret"
        finally:
            app.get("/f-finally")(a)
    app.get(f())(a)
    def g():
        for p in ["/g1", "/g2"]:
            try:
                if p == "/g1":
                    continue
                app.get(p)(a)
            finally:
                app.get("/fin" + p)(a)
    g()
    def h():
        with open(__file__) as fh:
            return "/h"
    app.get(h())(a)
    assert True
    app.get("/last")(a)
""",
)
hazard(
    "recursion and counters",
    """
    app = FastAPI()
    def a(): ...
    def reg(n):
        if n == 0:
            return
        app.get(f"/r{n}")(a)
        reg(n - 1)
    reg(6)
    def tree(node, prefix=""):
        r = APIRouter(prefix=prefix + "/" + node["name"] if False else "/" + node["name"])
        r.get("/leaf")(a)
        for child in node.get("children", []):
            r.include_router(tree(child))
        return r
    app.include_router(tree({"name": "root", "children": [{"name": "kid", "children": [{"name": "grandkid"}]}]}))
    import itertools
    c = itertools.count()
    for _ in range(2): app.get(f"/c{next(c)}")(a)
""",
)
hazard(
    "string prefix computed by class property and lru",
    """
    from functools import lru_cache, cached_property
    class Settings:
        api_v = "v1"
        @property
        def prefix(self): return f"/api/{self.api_v}"
        @cached_property
        def other(self): return self.prefix + "/o"
    @lru_cache
    def get_settings(): return Settings()
    app = FastAPI()
    def a(): ...
    app.get(get_settings().prefix)(a)
    get_settings().api_v = "v2"
    app.get(get_settings().prefix)(a)
    app.get(get_settings().other)(a)
    s = Settings()
    app.get(s.prefix)(a)
""",
)
hazard(
    "static subclass hook app get override",
    """
    class R(APIRouter):
        def get(self, path, *a, **k):
            def deco(f):
                super(R, self).get(path, *a, **k)(f)
                return super(R, self).get(path + "/", *a, include_in_schema=False, **k)(f)
            return deco
        def add_api_route(self, path, endpoint, *, include_in_schema=True, **k):
            if path.endswith("/") and path != "/":
                path = path[:-1]
            alt = path + "/"
            super().add_api_route(alt, endpoint, include_in_schema=False, **k)
            return super().add_api_route(path, endpoint, include_in_schema=include_in_schema, **k)
    r = R()
    @r.post("/p")
    def p(): ...
    @r.api_route("/ar", methods=["PUT"])
    def ar(): ...
    app = FastAPI()
    app.include_router(r)
""",
)
hazard(
    "operation id from endpoint name function later",
    """
    app = FastAPI()
    @app.get("/x")
    def x(): ...
    from fastapi.routing import APIRoute
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = f"{route.name}_custom"
    @app.get("/y")
    def y(): ...
    for route in app.router.routes:
        if not isinstance(route, APIRoute):
            continue
        route.tags.append("z")
    @app.get("/z")
    def z(): ...
""",
)
hazard(
    "routes loop over included",
    """
    from fastapi.routing import APIRoute
    app = FastAPI()
    r = APIRouter()
    @r.get("/in")
    def inn(): ...
    app.include_router(r)
    @app.get("/out")
    def out(): ...
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    for route in r.routes:
        route.operation_id = "r_" + route.name
    def simplify(router):
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name
    r2 = APIRouter()
    @r2.get("/in2")
    def inn2(): ...
    simplify(r2)
    app.include_router(r2)
""",
)
hazard(
    "dependency overrides and partial class",
    """
    from typing import Annotated
    import functools
    class Repo:
        def __init__(self, s: Annotated[int, Depends(lambda: 1)]): ...
    class Service:
        def __init__(self, repo: Annotated[Repo, Depends()], other: Repo = Depends(Repo)): ...
        async def __call__(self): ...
    app = FastAPI()
    @app.get("/x")
    def x(s: Annotated[Service, Depends()], t: Annotated[Service, Depends(use_cache=False)]): ...
    def factory(role):
        class Checker:
            def __call__(self, svc: Annotated[Service, Depends()]): ...
        return Checker()
    @app.get("/y", dependencies=[Depends(factory("a")), Depends(factory("b"))])
    def y(): ...
    class Perm:
        def __init__(self, *roles): ...
        async def __call__(self, request: Request, u=Depends(factory("q"))): ...
    admin = Perm("admin")
    Admin = Annotated[None, Depends(admin)]
    @app.get("/z")
    def z(a: Admin, b: "Admin"): ...
    async def gen(r: Annotated[Repo, Depends(Repo)]):
        yield 1
    @app.get("/w")
    async def w(g=Depends(gen)): ...
""",
)
hazard(
    "same function many names",
    """
    app = FastAPI()
    def a(): ...
    b = a
    app.get("/b")(b)
    class K:
        @staticmethod
        def s(): ...
        @classmethod
        def c(cls): ...
        def m(self): ...
    app.get("/s")(K.s); app.get("/c")(K.c); app.get("/m")(K().m)
    app.get("/k")(K)
    import functools
    app.get("/pl")(functools.partial(lambda: 1))
    app.add_api_route("/len", len) if False else None
""",
)
hazard(
    "arguments by position",
    """
    app = FastAPI()
    def d(): ...
    r = APIRouter()
    def a(): ...
    r.add_api_route("/x", a)
    app.include_router(r)
    app.mount("/st", FastAPI(), "nm")
    app.add_route("/ar", a, ["PUT"], "nm2")
    app.router.add_route("/ar2", a, None, None, False)
    app.router.add_websocket_route("/ws", a, "wsn")
    app.router.add_api_websocket_route("/ws2", a, "wsn2")
    @app.websocket("/ws3", "wsn3")
    async def w(ws): ...
""",
)
hazard(
    "while true with break on unknown",
    """
    import sys, random
    app = FastAPI()
    def a(): ...
    n = 0
    while True:
        n += 1
        if n > 3: break
        app.get(f"/n{n}")(a)
    items = ["/q", "/r"]
    while items:
        app.get(items.pop(0))(a)
""",
)
hazard(
    "walrus and ternary apps",
    """
    import sys
    if (app := FastAPI()) is not None:
        @app.get("/x")
        def x(): ...
    prefix = "/p" if (flag := True) else "/q"
    app.get(prefix)(x)
    (lambda: app.get("/lam")(x))()
    handlers = {"a": lambda: 1, "b": x}
    for k, v in handlers.items(): app.get("/h" + k)(v)
    print(app.get("/printed")(x))
    y = [app.get("/list")(x)][0]
    z = app.get("/or")(x) or 5
    True and app.get("/and")(x)
    False and app.get("/nand")(x)
    len(sys.argv) > 500 and app.get("/unk")(x)
    assert app.get("/assert")(x)
    f"{app.get('/fstr')(x)}"
    del y
""",
)
hazard(
    "type alias statement and newtype",
    """
    from typing import Annotated, NewType, Union
    def d(): ...
    UserId = NewType("UserId", int)
    Cur = Annotated[UserId, Depends(d)]
    Maybe = Cur | None
    app = FastAPI()
    @app.get("/x")
    def x(u: Cur, m: Maybe = None): ...
    @app.get("/y")
    def y(u: Annotated[Union[int, None], Depends(d)] = None, v: Annotated["int", Depends(d)] = 1): ...
""",
)
hazard(
    "mutable class attr shared registries",
    """
    class Registry:
        routes = []
        @classmethod
        def route(cls, path):
            def deco(f):
                cls.routes.append((path, f))
                return f
            return deco
        def install(self, app):
            for path, f in self.routes:
                app.get(path)(f)
    @Registry.route("/a")
    def a(): ...
    class Sub(Registry):
        pass
    @Sub.route("/b")
    def b(): ...
    app = FastAPI()
    Registry().install(app)
    @Registry.route("/late")
    def late(): ...
""",
)

hazard(
    "function redefined",
    """
    app = FastAPI()
    def d(): ...
    def h(): ...
    app.get("/1")(h)
    def h(x=Depends(d)): ...
    app.get("/2")(h)
    @app.get("/3")
    def h(): ...
    def h(): ...
    app.get("/4")(h)
    h = lambda: 1
    app.get("/5")(h)
""",
)
hazard(
    "class redefined and deleted",
    """
    app = FastAPI()
    class P: path = "/1"
    app.get(P.path)(lambda: 1)
    class P: path = "/2"
    app.get(P.path)(lambda: 1)
    del P
    try:
        P
    except NameError:
        app.get("/3")(lambda: 1)
""",
)
hazard(
    "deep calls with globals",
    """
    app = FastAPI()
    def h(): ...
    def a(): b()
    def b(): c()
    def c(): d()
    def d(): e()
    def e():
        # long enough %s
        app.get("/deep")(h)
    a()
    store = []
    def fa(): fb()
    def fb(): fc()
    def fc(): fd()
    def fd(): fe()
    def fe(): ff()
    def ff():
        store.append("/stored")
    fa()
    for s in store: app.get(s)(h)
"""
    % ("x" * 1600),
)
hazard(
    "value made deep",
    """
    app = FastAPI()
    def h(): ...
    class Cfg: pass
    cfg = Cfg()
    def s1(): s2()
    def s2(): s3()
    def s3(): s4()
    def s4(): s5()
    def s5(): s6()
    def s6(): s7()
    def s7():
        cfg.prefix = "/deep"
    cfg.prefix = "/shallow"
    s1()
    app.get(cfg.prefix)(h)
    OPT = {"p": "/a"}
    def t1(): t2()
    def t2(): t3()
    def t3(): t4()
    def t4(): t5()
    def t5(): t6()
    def t6(): t7()
    def t7(): OPT["p"] = "/b"
    t1()
    app.get(OPT["p"])(h)
""",
)
hazard(
    "handed to outside changes lists",
    """
    import random, heapq, bisect, operator
    app = FastAPI()
    def h(): ...
    xs = ["/b", "/a", "/c"]
    random.Random(3).shuffle(xs)
    for x in xs: app.get(x)(h)
    ys = ["/y2"]
    heapq.heappush(ys, "/y1")
    for y in ys: app.get(y)(h)
    zs = ["/z2"]
    bisect.insort(zs, "/z1")
    for z in zs: app.get(z)(h)
    d = {"p": "/old"}
    operator.setitem(d, "p", "/new")
    app.get(d["p"])(h)
    import copy
    dd = copy.deepcopy(d)
    app.get(dd["p"] + "/x")(h)
    class O: p = "/o"
    o = O()
    setattr(o, "p", "/set")
    app.get(o.p)(h)
    o.__dict__["p"] = "/dict"
    app.get(o.p + "/2")(h)
    vars(o)["p"] = "/vars"
    app.get(o.p + "/3")(h)
    object.__setattr__(o, "p", "/objset")
    app.get(o.p + "/4")(h)
""",
)
hazard(
    "list aliasing and star",
    """
    app = FastAPI()
    def h(): ...
    a = ["/a"]
    b = [*a]
    b.append("/b")
    for x in a: app.get("/1" + x)(h)
    def add(l, v): l.append(v)
    add(a, "/c")
    for x in a: app.get("/2" + x)(h)
    def default(l=None):
        l = l or []
        l.append("/d")
        return l
    for x in default(): app.get("/3" + x)(h)
    for x in default(a): app.get("/4" + x)(h)
    for x in a: app.get("/5" + x)(h)
    c = a + ["/e"]
    c += ["/f"]
    for x in a: app.get("/6" + x)(h)
    d = tuple(a)
    a.clear()
    for x in d: app.get("/7" + x)(h)
    for x in a: app.get("/8" + x)(h)
    m = [[]] * 2
    m[0].append("/m")
    for x in m[1]: app.get(x)(h)
    e = {"k": ["/e"]}
    f = dict(e)
    f["k"].append("/g")
    for x in e["k"]: app.get("/9" + x)(h)
    g = list(e.items())
    for k, v in g:
        for x in v: app.get("/10" + x)(h)
    a.extend(x for x in ["/gen"])
    for x in a: app.get("/11" + x)(h)
    a[:] = ["/slice"]
    for x in a: app.get("/12" + x)(h)
    n = ["/n1", "/n2", "/n3"]
    n[1:2] = []
    for x in n: app.get(x)(h)
    for i, x in enumerate(n):
        if i == 0: n.append("/n4")
        app.get("/grow" + x)(h)
""",
)
hazard(
    "dict iteration orders and updates",
    """
    app = FastAPI()
    def h(): ...
    d = {"/a": 1}
    d["/b"] = 2
    d.update({"/c": 3}, e=4)
    d |= {"/f": 1}
    del d["/a"]
    for k in d: app.get("/1/" + k.strip("/"))(h)
    d.pop("/b")
    d.setdefault("/g", 1)
    for k in sorted(d): app.get("/2/" + k.strip("/"))(h)
    for k in {**d, "/z": 1}: app.get("/3/" + k.strip("/"))(h)
    d["/c"] = d.pop("/c")
    for k in d: app.get("/4/" + k.strip("/"))(h)
    d.clear()
    for k in d: app.get("/5/" + k.strip("/"))(h)
    x = dict([("/p", 1), ("/q", 2)])
    for k in x: app.get("/6" + k)(h)
    y = dict(zip(["/r"], [1]))
    for k in y: app.get("/7" + k)(h)
    z = dict.fromkeys(["/s", "/t"])
    for k in z: app.get("/8" + k)(h)
    w = {1: "/one", 2: "/two"}
    for k in w: app.get("/9" + w[k])(h)
    app.get(w[1])(h)
    v = {True: "/yes", False: "/no"}
    app.get(v[len([1]) == 1])(h)
""",
)
hazard(
    "include options precedence",
    """
    def a(): ...
    def b(): ...
    app = FastAPI(dependencies=[Depends(a)])
    r = APIRouter(prefix="/r", dependencies=(Depends(b),), tags=("t",) if False else ["t"], include_in_schema=False)
    @r.get("/x", dependencies=[Depends(a)], tags=["t", "u"])
    def x(): ...
    s = APIRouter(prefix="/s")
    s.include_router(r, prefix="/sr", tags=["s"], dependencies=[Depends(b)])
    app.include_router(s, prefix="", tags=None)
    app.include_router(router=s, prefix="/kw")
    app.include_router(s, **{"prefix": "/unpacked", "tags": ["z"]})
""",
)
hazard(
    "app state and registry by attribute",
    """
    app = FastAPI()
    app.state.routers = []
    def register(r): app.state.routers.append(r)
    r = APIRouter(prefix="/r")
    @r.get("/x")
    def x(): ...
    register(r)
    for router in app.state.routers: app.include_router(router)
    app.title = "/t"
    app.get(app.title)(x)
    app2 = FastAPI(title="/u")
    app.get(app2.title)(x)
    app.root_path = "/rp"
    app.get(app.root_path)(x)
    app.docs_url = "/changed"
    app.get(app.docs_url)(x)
    r.prefix += "/more"
    app.get(r.prefix)(x)
""",
)
hazard(
    "try else finally with return",
    """
    app = FastAPI()
    def h(): ...
    def load():
        try:
            import json
        except ImportError:
            return None
        else:
            return "/json"
    if (p := load()):
        app.get(p)(h)
    def load2():
        try:
            import surely_not_there
            return "/there"
        except ImportError:
            return "/missing"
    app.get(load2())(h)
    def load3():
        try:
            from surely_not_there import X
        except ImportError:
            X = None
        return X
    if load3() is None: app.get("/x-missing")(h)
    else: app.get("/x-there")(h)
    HAS = True
    try:
        import surely_not_there
    except ModuleNotFoundError:
        HAS = False
    if HAS: app.get("/has")(h)
    else: app.get("/has-not")(h)
    import importlib.util
    if importlib.util.find_spec("surely_not_there"): app.get("/spec")(h)
    if importlib.util.find_spec("json") is not None: app.get("/spec-json")(h)
    import sys
    if "surely_not_there" in sys.modules: app.get("/mods")(h)
""",
)
hazard(
    "context manager class exit registers",
    """
    app = FastAPI()
    class Group:
        def __init__(self, app, prefix):
            self.app, self.router = app, APIRouter(prefix=prefix)
        def __enter__(self): return self.router
        def __exit__(self, *exc): self.app.include_router(self.router)
    with Group(app, "/g") as g:
        @g.get("/x")
        def x(): ...
    from contextlib import contextmanager
    @contextmanager
    def group(prefix):
        r = APIRouter(prefix=prefix)
        yield r
        app.include_router(r)
    with group("/h") as r:
        @r.get("/y")
        def y(): ...
    from contextlib import ExitStack
    with ExitStack() as st:
        k = st.enter_context(group("/k"))
        k.get("/z")(y)
        st.callback(lambda: app.get("/cb")(y))
""",
)
hazard(
    "generators register",
    """
    app = FastAPI()
    def h(): ...
    def routers():
        for p in ("/a", "/b"):
            app.get("/gen" + p)(h)
            yield APIRouter(prefix=p)
    list(routers())
    def never():
        app.get("/never")(h)
        yield 1
    never()
    list(never()) if False else None
    next(iter(["/n"]))
    app.get(next(iter(["/next"])))(h)
""",
)
hazard(
    "super init kwargs changed in subclass",
    """
    class R(APIRouter):
        def __init__(self, *args, prefix="", **kw):
            kw.setdefault("tags", []).append("auto")
            prefix = prefix.rstrip("/") + "/v1"
            super().__init__(*args, prefix=prefix, **kw)
            self.extra = []
        def add_api_route(self, path, endpoint, **kw):
            self.extra.append(path)
            kw["name"] = kw.get("name") or f"{self.prefix}:{endpoint.__name__}"
            super().add_api_route(path, endpoint, **kw)
    r = R(prefix="/x/")
    @r.get("/a")
    def a(): ...
    @r.get("/b", name="bee")
    def b(): ...
    app = FastAPI()
    app.include_router(r)
    for p in r.extra: app.get("/extra" + p)(a)
""",
)
hazard(
    "property setters and slots",
    """
    app = FastAPI()
    def h(): ...
    class C:
        def __init__(self): self._p = "/p"
        @property
        def p(self): return self._p
        @p.setter
        def p(self, v): self._p = "/set" + v
        def __setattr__(self, k, v): object.__setattr__(self, k, v + "!" if k == "q" else v)
        def __eq__(self, o): return True
        def __contains__(self, x): return True
        def __getitem__(self, k): return "/item" + k
        def __iter__(self): return iter(["/i1", "/i2"])
        def __str__(self): return "/str"
        def __call__(self): return "/called"
        def __add__(self, o): return "/added"
        def __len__(self): return 0
    c = C()
    c.p = "/x"
    app.get(c.p)(h)
    c.q = "/q"
    app.get(c.q)(h)
    if c == 5: app.get("/eq")(h)
    if "z" in c: app.get("/in")(h)
    app.get(c["k"])(h)
    for i in c: app.get(i)(h)
    app.get(f"{c}")(h)
    app.get(str(c) + "/2")(h)
    app.get(c())(h)
    app.get(c + 1)(h)
    if not c: app.get("/falsy")(h)
    if len(c) == 0: app.get("/len0")(h)
""",
)
hazard(
    "typed dict namedtuple configs",
    """
    from typing import NamedTuple, TypedDict
    from collections import namedtuple
    from types import SimpleNamespace
    app = FastAPI()
    def h(): ...
    class T(TypedDict):
        path: str
    t: T = {"path": "/td"}
    app.get(t["path"])(h)
    t2 = T(path="/td2")
    app.get(t2["path"])(h)
    N = namedtuple("N", "path tag")
    n = N("/nt", "x")
    app.get(n.path, tags=[n.tag])(h)
    class M(NamedTuple):
        path: str
        tag: str = "t"
    for m in (M("/m1"), M("/m2", tag="u")):
        app.get(m.path, tags=[m.tag])(h)
        app.get(m[0] + "/i")(h)
    ns = SimpleNamespace(path="/ns")
    app.get(ns.path)(h)
    ns.path = "/ns2"
    app.get(ns.path)(h)
    n = n._replace(path="/rep")
    app.get(n.path)(h)
""",
)
hazard(
    "if in class body and nested functions decorators",
    """
    import sys
    app = FastAPI()
    class V:
        r = APIRouter(prefix="/v")
        if len(sys.argv) > 500:
            @r.get("/never")
            def never(): ...
        @r.get("/x")
        def x(): ...
        for n in ("a", "b"):
            r.get("/" + n)(lambda: 1)
        app.include_router(r)
    app.include_router(V.r, prefix="/again")
""",
)


HAZARDS["postponed annotations of nested functions"] = {
    "main.py": "from __future__ import annotations\n"
    + _HEADER
    + dedent("""
        from typing import Annotated
        def dep(): ...
        D = Annotated[int, Depends(dep)]
        app = FastAPI()
        @app.get("/x")
        def x(d: D): ...
        def make():
            def local(): ...
            @app.get("/local")
            def y(q: int, d: int = Depends(local)): ...
        make()
    """)
}
