from fastapi import Depends, FastAPI

app = FastAPI()


@app.get("/list")
def listing(page: int = Depends(paging)):
    return page


def paging(page: int = 1):
    return page
