import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/slow")
async def slow():
    def pause():
        time.sleep(0)

    pause()
    return {"done": True}
