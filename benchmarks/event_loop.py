"""How long `/ping` waits while handlers that block serve others: before, and after `apply` of each remedy.

    python benchmarks/event_loop.py --setup      once: an environment with FastAPI, uvicorn and what the handlers use
    python benchmarks/event_loop.py [--output docs/event-loop.md]

The application in benchmarks/served is served by uvicorn on loopback three times: as it is, after
`apply --select wrap-blocking-call`, and after `apply --select async-handler-to-def`. For each of its five handlers,
some requests come at once, and `/ping` is asked again and again while they are served. What the handlers wait for
(a web service, another process, a device) is made here too, and takes 0.3 s each time.

Exit status: 0 when `/ping` answers within 50 ms after each remedy, 1 when not, 2 when the run could not be done.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import http.client
import json
import os
import platform
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from measure import UsageError
from tables import Gate, Table

HERE = Path(__file__).resolve().parent
APPLICATION = HERE / "served"
CACHE = Path.home() / ".cache" / "fastapi-codemods-bench"
REQUIREMENTS = ("fastapi==0.165.0", "uvicorn==0.54.0", "requests==2.34.2", "bcrypt==5.0.0")

TAKES = 0.3
"""Seconds that the service and the device take for each answer."""
LONGEST = 30.0
"""Seconds for any one request, and for the server to start."""
PING = Gate(0.05, "under 50 ms")

HANDLERS = (
    ("/price/bolt", "`requests.get`"),
    ("/offers", "`requests.get` behind two functions of another module"),
    ("/invoice/7", "`subprocess.run`"),
    ("/register", "`bcrypt.hashpw` in a method"),
    ("/scale", "`with open(...)`, a device"),
)
REMEDIES = ("wrap-blocking-call", "async-handler-to-def")


class Figures(NamedTuple):
    """One handler, `parallel` requests at once."""

    ping: float
    """Seconds that the slowest `/ping` meanwhile took; the median of the rounds."""
    pings: int
    """How many were answered meanwhile, in all rounds."""
    wall: float
    """Seconds until all requests were answered; the median of the rounds."""


# What the handlers wait for


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(TAKES)
        body = json.dumps({"price": 1.5, "stock": [1, 2]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Say nothing."""


@contextlib.contextmanager
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def device(folder: Path) -> Iterator[Path]:
    """A named pipe that gives a line to whoever opens it, after a while. It is opened anew for each, so that opening
    is what waits; readers that come at the same time share what is written, and none waits for ever."""
    path = folder / "scale"
    os.mkfifo(path)
    stopped = threading.Event()

    def weigh() -> None:
        while not stopped.is_set():
            time.sleep(TAKES)
            try:
                writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                continue  # nobody reads
            os.write(writer, b"1.25 kg\n" * 20)
            os.close(writer)

    thread = threading.Thread(target=weigh, daemon=True)
    thread.start()
    try:
        yield path
    finally:
        stopped.set()
        thread.join()


# Serving and asking


@contextlib.contextmanager
def served(folder: Path, python: Path, variables: dict[str, str]) -> Iterator[int]:
    """The port at which the application answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [str(python), "-m", "uvicorn", "shop.main:app", "--port", str(port), "--log-level", "warning"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=folder, env=kept | variables, stdout=errors, stderr=errors)
        try:
            until = time.monotonic() + LONGEST
            while True:
                with contextlib.suppress(OSError):
                    ask(port, "/ping")
                    break
                if process.poll() is not None or time.monotonic() > until:
                    errors.seek(0)
                    raise UsageError(f"{shlex.join(command)} does not serve: {errors.read().decode()[-300:].strip()}")
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait()


def ask(port: int, path: str) -> float:
    """Seconds until the answer is read, which must be 200."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise UsageError(f"{path} answers {answer.status}: {body[:200]!r}")
    return time.perf_counter() - started


def measured(port: int, path: str, parallel: int, rounds: int) -> Figures:
    slowest: list[float] = []
    walls: list[float] = []
    count = 0
    ask(port, path)  # what is imported or connected once is none of the figures
    for _ in range(rounds):
        started = time.perf_counter()
        with ThreadPoolExecutor(parallel + 1) as threads:
            answers = [threads.submit(ask, port, path) for _ in range(parallel)]
            time.sleep(0.02)  # they come first
            pings = []
            while not all(answer.done() for answer in answers):
                pings.append(threads.submit(ask, port, "/ping").result())
                time.sleep(0.005)
            for answer in answers:
                answer.result()
        walls.append(time.perf_counter() - started)
        slowest.append(max(pings))
        count += len(pings)
    return Figures(statistics.median(slowest), count, statistics.median(walls))


def rewritten(folder: Path, remedy: str, command: Sequence[str]) -> None:
    line = [*command, "apply", "--select", remedy, "--safety", "serial-safe", "--allow-dirty", "."]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise UsageError(f"{shlex.join(line)}: {(done.stderr or done.stdout).strip()[-300:]}")


# The tables


def run(python: Path, command: Sequence[str], parallel: int, rounds: int) -> tuple[Table, bool]:
    table = Table(
        f"{parallel} requests at once, and /ping meanwhile",
        (
            "handler",
            "it blocks by",
            *(f"{word}, {name}" for name in ("before", *REMEDIES) for word in ("/ping", "all")),
        ),
    )
    figures: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="event-loop-") as work, service() as url, device(Path(work)) as pipe:
        variables = {"SHOP_SUPPLIER": url, "SHOP_SCALE": str(pipe)}
        for name in ("before", *REMEDIES):
            folder = Path(work, name)
            shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__"))
            if name != "before":
                rewritten(folder, name, command)
            with served(folder, python, variables) as port:
                figures[name] = [measured(port, path, parallel, rounds) for path, _ in HANDLERS]
    for index, (path, what) in enumerate(HANDLERS):
        cells = [figures[name][index] for name in ("before", *REMEDIES)]
        table.add(path, what, *(cell for one in cells for cell in (shown(one.ping), shown(one.wall))))
    holds = all(PING.holds(one.ping) for name in REMEDIES for one in figures[name])
    was_blocked = all(not PING.holds(one.ping) for one in figures["before"])
    table.notes.append(
        f"`/ping`: the slowest answer to it while the requests are served, median of {rounds} rounds;"
        " `all`: until all of them are answered."
    )
    table.notes.append(
        f"After each remedy {PING.text}: {'yes, all of them' if holds else 'NO'};"
        f" before, none of them: {'yes' if was_blocked else 'NO'}."
    )
    return table, holds and was_blocked


def shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def page(table: Table) -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return "\n".join(
        [
            "# The event loop, before and after",
            "",
            "<!-- Written by benchmarks/event_loop.py; do not edit. -->",
            "",
            "An application with five async handlers that block (`benchmarks/served`), served by uvicorn on loopback:",
            "as it is, after `fastapi-codemods apply --select wrap-blocking-call`, and after",
            "`apply --select async-handler-to-def`. What the handlers wait for takes 0.3 s each time. Run on",
            f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores, others at work on them.",
            "",
            table.as_markdown(),
        ]
    )


def set_up(environment: Path) -> None:
    if not (environment / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"{shlex.join(install)}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setup", action="store_true", help="make the environment; then stop")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the environment is (default: %(default)s)")
    parser.add_argument("--python", type=Path, help="a Python with FastAPI, uvicorn, requests and bcrypt instead")
    parser.add_argument("--command", default=f"{sys.executable} -m fastapi_codemods_cli", help="default: %(default)s")
    parser.add_argument("--parallel", type=int, default=5, help="requests at once (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--output", type=Path, help="write the page as Markdown, too")
    arguments = parser.parse_args()
    environment = arguments.cache / "served"
    try:
        if arguments.setup:
            set_up(environment)
            return 0
        python: Path = arguments.python or environment / "bin" / "python"
        if not python.exists():
            raise UsageError(f"{python} is missing; `python benchmarks/event_loop.py --setup` makes it")
        table, holds = run(python.absolute(), shlex.split(arguments.command), arguments.parallel, arguments.rounds)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table.as_text())
    if arguments.output is not None:
        arguments.output.write_text(page(table), "utf-8")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
