from typing import Annotated

from fastapi import Cookie, FastAPI

app = FastAPI()


@app.get("/cart")
def cart(session: Annotated[str, Cookie()] = "none"):
    return {"session": session}
