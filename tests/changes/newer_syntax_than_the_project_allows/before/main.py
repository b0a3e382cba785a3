from typing import Optional, Union

from fastapi import FastAPI

app = FastAPI()


@app.get("/search")
def search(q: Optional[str] = None, limit: Union[int, None] = None):
    return {"q": q, "limit": limit}
