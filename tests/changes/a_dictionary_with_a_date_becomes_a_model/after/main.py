from datetime import datetime, timezone

from fastapi import FastAPI

app = FastAPI()
STARTED = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@app.get("/started")
def started():
    return {"started": STARTED.isoformat()}
