from datetime import timedelta

from fastapi import FastAPI

app = FastAPI()
UPTIME = timedelta(hours=1, minutes=30)


@app.get("/uptime")
async def uptime():
    return {"uptime": UPTIME}
