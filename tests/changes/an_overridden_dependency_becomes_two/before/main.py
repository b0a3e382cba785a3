from fastapi import Depends, FastAPI

app = FastAPI()


def get_session():
    return {"db": "real"}


@app.get("/rows")
def rows(session: dict = Depends(get_session)):
    return session
