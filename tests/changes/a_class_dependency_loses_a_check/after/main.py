from typing import Annotated

from fastapi import Depends, FastAPI

from guards import Permission

app = FastAPI()


@app.get("/invoices", dependencies=[Depends(Permission("read"))])
def invoices(limit: Annotated[int, Depends(lambda: 5)]):
    return limit
