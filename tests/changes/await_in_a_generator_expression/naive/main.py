import json

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

app = FastAPI()


def size_of(name: str) -> int:
    return len(json.dumps(name))


@app.get("/sizes")
async def sizes(names: str = "a,bb"):
    return {"total": sum(await run_in_threadpool(size_of, name) for name in names.split(","))}
