import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/slow")
async def slow():
    async def pause():
        await asyncio.sleep(0)

    await pause()
    return {"done": True}
