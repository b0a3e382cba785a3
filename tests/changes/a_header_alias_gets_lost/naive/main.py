from typing import Annotated

from fastapi import FastAPI, Header

app = FastAPI()


@app.get("/whoami")
def whoami(tenant: Annotated[str, Header()] = "public"):
    return {"tenant": tenant}
