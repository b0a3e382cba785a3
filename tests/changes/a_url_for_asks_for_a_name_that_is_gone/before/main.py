from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/files/{name}")
def download(name: str):
    return {"name": name}


@app.get("/latest")
def latest(request: Request):
    return {"url": str(request.url_for("download", name="a.txt"))}
