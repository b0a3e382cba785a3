from datetime import timedelta

from fastapi import FastAPI

app = FastAPI()
UPTIME = timedelta(minutes=90)


@app.get("/uptime")
async def uptime():
    return {"uptime": UPTIME}
