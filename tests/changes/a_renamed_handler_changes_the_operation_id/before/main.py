from fastapi import FastAPI

app = FastAPI()


@app.get("/getItem/{id}")
async def getItem(id: int):
    return {"id": id}
