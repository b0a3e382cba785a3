from unittest.mock import patch

from fastapi.testclient import TestClient

from main import app


def test_weather():
    with patch("main.fetch", return_value=7):
        assert TestClient(app).get("/weather/rome").json() == {"degrees": 7}
