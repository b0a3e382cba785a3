from fastapi import FastAPI

app = FastAPI()
cache: dict[str, int] = {}


@app.get("/cached/{key}")
def cached(key: str):
    return cache.setdefault(key, len(key))
