from fastapi import Depends, FastAPI

app = FastAPI()


def paging(page: int = 1):
    return page


@app.get("/list")
def listing(page: int = Depends(paging)):
    return page
