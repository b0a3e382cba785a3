import main


def test_cache(monkeypatch):
    monkeypatch.setattr(main, "cache", {"a": 5})
    assert main.cached("a") == 5
