from fastapi import FastAPI

app = FastAPI()


@app.get("/pages")
def pages(number: int = 1):
    return {"from": (number - 1) * PAGE_SIZE}
