from typing import Annotated

from fastapi import FastAPI, Query

app = FastAPI()


@app.get("/search")
def search(q: Annotated[str, Query("all", max_length=10)]):
    return {"q": q}
