from typing import Annotated

from fastapi import FastAPI, Header

app = FastAPI()


@app.get("/whoami")
def whoami(tenant: Annotated[str, Header(alias="X-Tenant-ID")] = "public"):
    return {"tenant": tenant}
