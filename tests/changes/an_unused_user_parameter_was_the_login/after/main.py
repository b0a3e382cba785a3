from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials

app = FastAPI()
basic = HTTPBasic()


def current_user(credentials: Annotated[HTTPBasicCredentials, Depends(basic)]) -> str:
    if credentials.password != "pw":
        raise HTTPException(401)
    return credentials.username


@app.get("/reports", dependencies=[Depends(current_user)])
def list_reports(year: int = 2024):
    return {"year": year, "reports": []}
