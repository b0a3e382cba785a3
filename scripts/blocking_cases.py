"""Seven ways in which a handler comes to block, or only seems to; the lines that block are marked `# blocks`."""

from __future__ import annotations

_HEAD = """\
from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

app = FastAPI()
"""

CASES = {
    "through two sync helpers": """\
import time


def pause():
    time.sleep(1)


def prepare():
    pause()


@app.get("/report")
async def report():
    prepare()  # blocks
    return {}
""",
    "a helper that is handed to a thread": """\
import time


def prepare():
    time.sleep(1)


@app.get("/report")
async def report():
    await run_in_threadpool(prepare)
    return {}
""",
    "a session of requests": """\
import requests


@app.get("/report")
async def report():
    session = requests.Session()
    answer = session.get("http://localhost")  # blocks
    return answer.json()
""",
    "an async dependency": """\
import time


async def slow():
    time.sleep(1)  # blocks


@app.get("/report")
async def report(_: None = Depends(slow)):
    return {}
""",
    "a nested function that is handed to a thread": """\
import time


@app.get("/report")
async def report():
    def work():
        time.sleep(1)

    await run_in_threadpool(work)
    return {}
""",
    "a lambda that is handed to a thread": """\
import time


@app.get("/report")
async def report():
    await run_in_threadpool(lambda: time.sleep(1))
    return {}
""",
    "an async method": """\
import time


class Service:
    async def run(self):
        time.sleep(1)  # blocks


@app.get("/report")
async def report():
    await Service().run()
    return {}
""",
}


def texts() -> dict[str, str]:
    """The cases as modules, by file name."""
    return {f"case_{number}.py": _HEAD + text for number, text in enumerate(CASES.values(), start=1)}
