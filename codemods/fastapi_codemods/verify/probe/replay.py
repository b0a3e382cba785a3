"""Requests answered by the application in this process, over ASGI: neither a server nor a client library is needed."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import signal
import urllib.parse
from typing import Any, Callable

from . import state

LARGEST_BODY = 1_000_000
SECONDS_PER_REQUEST = 5


class TooSlowError(BaseException):
    """Raised in whatever blocks the event loop."""


def run(app: Any, question: dict[str, Any], root: str, send: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Answers every request by itself, then says what startup and shutdown did and what is left behind."""
    signal.signal(signal.SIGALRM, too_slow)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(lambda *_: None)
    return loop.run_until_complete(replay(app, question, root, send))


def too_slow(*_: Any) -> None:
    raise TooSlowError


async def replay(
    app: Any, question: dict[str, Any], root: str, send: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    untouched = state.footprint(root)
    span = Lifespan(app, question["startup_seconds"])
    calls = state.Calls(root)
    started = False
    if question["lifespan"]:
        with calls:
            started = await span.start()
        if not started:
            span.stop_waiting()
    after_startup = state.changed(untouched, state.footprint(root))
    for request in question["requests"]:
        random.seed(0)
        send({"answer": await within(SECONDS_PER_REQUEST, respond(app, request, span.state if started else None))})
    stopped = await span.stop() if started else None
    return {
        "lifespan": {
            "started": started if question["lifespan"] else None,
            "error": span.error,
            "stopped": stopped,
            "calls": calls.names,
            "state": after_startup,
            "app_state": sorted(getattr(getattr(app, "state", None), "_state", {})),
        },
        "state": state.changed(untouched, state.footprint(root)),
    }


async def within(seconds: float, work: Any) -> dict[str, Any]:
    """What `work` gives, or that it gave nothing in time; it is left behind then, since a thread cannot be ended."""
    task = asyncio.ensure_future(work)
    signal.setitimer(signal.ITIMER_REAL, seconds + 1)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            answer: dict[str, Any] = task.result()
            return answer
        task.cancel()
        return {"nothing": f"no answer within {seconds:g} seconds"}
    except TooSlowError:
        return {"nothing": f"the event loop was blocked for {seconds:g} seconds"}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Lifespan:
    """Startup and shutdown by the lifespan protocol: https://asgi.readthedocs.io/en/latest/specs/lifespan.html."""

    def __init__(self, app: Any, seconds: float) -> None:
        self.app = app
        self.seconds = seconds
        self.state: dict[str, Any] = {}
        self.error: str | None = None
        self.inbox: Any = asyncio.Queue()
        self.outbox: Any = asyncio.Queue()
        self.task: Any = None

    async def start(self) -> bool:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self.task = asyncio.ensure_future(self.serve(scope))
        self.inbox.put_nowait({"type": "lifespan.startup"})
        return await self.outcome("startup")

    async def serve(self, scope: dict[str, Any]) -> None:
        try:
            await self.app(scope, self.inbox.get, self.outbox.put)
        except TooSlowError:
            self.error = self.error or f"the event loop was blocked for {self.seconds:g} seconds"
        except BaseException as error:
            self.error = self.error or f"{type(error).__name__}: {str(error)[:300]}"
        self.outbox.put_nowait({"type": "end"})

    async def outcome(self, phase: str) -> bool:
        answer = await within(self.seconds, self.outbox.get())
        if answer.get("type") == f"lifespan.{phase}.complete":
            return True
        message = answer.get("message", "").strip().splitlines()
        self.error = answer.get("nothing") or (message[-1][:300] if message else None) or self.error
        return False

    async def stop(self) -> bool:
        self.inbox.put_nowait({"type": "lifespan.shutdown"})
        return await self.outcome("shutdown")

    def stop_waiting(self) -> None:
        if self.task is not None:
            self.task.cancel()


async def respond(app: Any, request: dict[str, Any], state: dict[str, Any] | None) -> dict[str, Any]:
    if request.get("method") == "WEBSOCKET":
        return await converse(app, request, state)
    scope, body = scope_of(request, "http", state)
    received = iter([{"type": "http.request", "body": body, "more_body": False}])
    answered = asyncio.Event()
    answer: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            answer["headers"] = [[text(name).lower(), text(value)] for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if not message.get("more_body") or sum(map(len, parts)) > LARGEST_BODY:
                answered.set()

    work = asyncio.ensure_future(app(scope, receive, send))
    watch = asyncio.ensure_future(answered.wait())
    await asyncio.wait({work, watch}, timeout=SECONDS_PER_REQUEST - 1, return_when=asyncio.FIRST_COMPLETED)
    # Background tasks run when the answer is out; what takes longer goes on behind the next request.
    await asyncio.wait({work}, timeout=1)
    watch.cancel()
    if work.done() and not work.cancelled() and work.exception() is not None and "status" not in answer:
        answer["exception"] = type(work.exception()).__name__
    if not work.done():
        work.cancel()
        if not answered.is_set():
            answer["endless"] = True
    body = b"".join(parts)[:LARGEST_BODY]
    if b"\0" in body[:1000] or not is_text(body):
        answer["base64"] = base64.b64encode(body).decode()
    else:
        answer["body"] = body.decode()
    return answer


async def converse(app: Any, request: dict[str, Any], state: dict[str, Any] | None) -> dict[str, Any]:
    """Each text is sent once everything before it was answered."""
    scope, _ = scope_of(request, "websocket", state)
    scope["subprotocols"] = []
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})

    async def serve() -> None:
        try:
            await app(scope, inbox.get, outbox.put)
        except Exception as error:
            outbox.put_nowait({"type": "exception", "name": type(error).__name__})
        outbox.put_nowait({"type": "end"})

    task = asyncio.ensure_future(serve())
    received: list[Any] = []
    for message in [None, *request.get("send", []), None]:
        if message is not None:
            inbox.put_nowait({"type": "websocket.receive", "text": message})
        elif received:
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        try:
            answer = await asyncio.wait_for(outbox.get(), 1)
        except asyncio.TimeoutError:
            answer = {"type": "nothing"}
        received.append(
            {
                key: value if not isinstance(value, bytes) else text(value)
                for key, value in answer.items()
                if key != "headers"
            }
        )
        if answer["type"] in ("end", "exception", "websocket.close"):
            break
    task.cancel()
    return {"received": received}


def scope_of(request: dict[str, Any], kind: str, state: dict[str, Any] | None) -> tuple[dict[str, Any], bytes]:
    path, _, query = request["path"].partition("?")
    if request.get("params"):
        query = "&".join(filter(None, [query, urllib.parse.urlencode(pairs(request["params"]), doseq=True)]))
    body, content_type = content_of(request)
    headers = {"host": "testserver", "accept": "*/*", "user-agent": "fastapi-codemods"}
    if content_type:
        headers["content-type"] = content_type
    if body or request.get("method") in ("POST", "PUT", "PATCH"):
        headers["content-length"] = str(len(body))
    if request.get("cookies"):
        headers["cookie"] = "; ".join("{}={}".format(*item) for item in request["cookies"].items())
    headers.update({name.lower(): value for name, value in (request.get("headers") or {}).items() if value is not None})
    for name, value in (request.get("headers") or {}).items():
        if value is None:
            headers.pop(name.lower(), None)
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": urllib.parse.unquote(path),
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query.encode("utf-8", "surrogatepass"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
        ],
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
        "extensions": {},
    }
    if kind == "http":
        scope["method"] = request.get("method", "GET")
    if state is not None:
        scope["state"] = dict(state)
    return scope, body


def pairs(params: Any) -> Any:
    return list(params.items()) if isinstance(params, dict) else [tuple(item) for item in params]


def content_of(request: dict[str, Any]) -> tuple[bytes, str | None]:
    """The body and its type. `files` maps names to texts; with them `data` is multipart too."""
    if "json" in request:
        return json.dumps(request["json"], ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        ), "application/json"
    if "content" in request:
        content = request["content"]
        return content.encode("utf-8", "surrogatepass"), None
    if "files" in request:
        mark = "fastapi-codemods-boundary"
        parts = []
        for name, value in pairs(request.get("data") or {}):
            parts += [
                f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n'
                for one in (value if isinstance(value, list) else [value])
            ]
        for name, value in pairs(request["files"]):
            parts.append(
                f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="file.txt"\r\n'
                f"Content-Type: text/plain\r\n\r\n{value}\r\n"
            )
        return ("".join(parts) + f"--{mark}--\r\n").encode(), "multipart/form-data; boundary=" + mark
    if "data" in request:
        return urllib.parse.urlencode(pairs(request["data"]), doseq=True).encode(), "application/x-www-form-urlencoded"
    return b"", None


def text(value: bytes) -> str:
    return value.decode("latin-1")


def is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
