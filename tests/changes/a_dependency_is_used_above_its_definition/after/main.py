from fastapi import Depends, FastAPI


def paging(page: int = 1):
    return page


app = FastAPI()


@app.get("/list")
def listing(page: int = Depends(paging)):
    return page
