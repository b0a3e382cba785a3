from fastapi import Cookie, FastAPI

app = FastAPI()


@app.get("/cart")
def cart(session: str = Cookie("none")):
    return {"session": session}
