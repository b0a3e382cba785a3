import json

from fastapi import FastAPI

app = FastAPI()


def size_of(name: str) -> int:
    return len(json.dumps(name))


@app.get("/sizes")
async def sizes(names: str = "a,bb"):
    return {"total": sum(size_of(name) for name in names.split(","))}
