from typing import Any

from fastapi import FastAPI

app = FastAPI()


@app.put("/documents/{key}")
def put(key: str, document: dict[str, Any]):
    return {**document, "key": key}
