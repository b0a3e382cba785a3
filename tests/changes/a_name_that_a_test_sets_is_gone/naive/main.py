from fastapi import FastAPI

app = FastAPI()
_cache = {}


@app.get("/cached/{key}")
def cached(key: str):
    return _cache.setdefault(key, len(key))
