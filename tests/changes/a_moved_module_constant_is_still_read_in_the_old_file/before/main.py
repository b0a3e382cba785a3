import os

from fastapi import FastAPI

PAGE_SIZE = int(os.environ.get("PAGE_SIZE", "20"))

app = FastAPI()


@app.get("/pages")
def pages(number: int = 1):
    return {"from": (number - 1) * PAGE_SIZE}
