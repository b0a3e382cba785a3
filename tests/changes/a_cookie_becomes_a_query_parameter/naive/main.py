from fastapi import FastAPI

app = FastAPI()


@app.get("/cart")
def cart(session: str = "none"):
    return {"session": session}
