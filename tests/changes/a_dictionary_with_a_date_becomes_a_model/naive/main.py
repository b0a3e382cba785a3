from datetime import datetime, timezone

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
STARTED = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Started(BaseModel):
    started: datetime


@app.get("/started", response_model=Started)
def started():
    return Started(started=STARTED)
