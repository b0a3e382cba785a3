from typing import Annotated

from fastapi import FastAPI, Header

app = FastAPI()

Tenant = Annotated[str, Header(alias="X-Tenant-ID")]


@app.get("/whoami")
def whoami(tenant: Tenant = "public"):
    return {"tenant": tenant}
