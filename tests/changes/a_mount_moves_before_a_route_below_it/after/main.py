from fastapi import FastAPI

docs = FastAPI(openapi_url=None)


@docs.get("/{page}")
def page(page: str):
    return {"page": page}


app = FastAPI()


@app.get("/docs-site/status")
def status():
    return {"status": "up"}


app.mount("/docs-site", app=docs)
