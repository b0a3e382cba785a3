from fastapi import FastAPI


def register(app: FastAPI) -> None:
    @app.get("/{resource:path}", include_in_schema=False)
    def serve(resource: str):
        return {"page": resource}
