from fastapi.testclient import TestClient

from main import app, get_session

app.dependency_overrides[get_session] = lambda: {"db": "fake"}


def test_rows():
    assert TestClient(app).get("/rows").json() == {"db": "fake"}
