import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/slow")
async def slow():
    def pause():
        await asyncio.sleep(0)

    pause()
    return {"done": True}
