from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials

app = FastAPI()
basic = HTTPBasic()


def current_user(credentials: Annotated[HTTPBasicCredentials, Depends(basic)]) -> str:
    if credentials.password != "pw":
        raise HTTPException(401)
    return credentials.username


@app.get("/reports")
def list_reports(user: Annotated[str, Depends(current_user)], year: int = 2024):
    return {"year": year, "reports": []}
