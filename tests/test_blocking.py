"""The tables of calls that block."""

import re

import pytest

from fastapi_codemods.project import blocking


def test_every_group_names_its_source():
    assert all(re.match(r"https://", group.source) for group in blocking.GROUPS)


@pytest.mark.parametrize(
    "call",
    [
        # ASYNC210, 212
        "requests.get", "httpx.post", "urllib.request.urlopen", "urllib3.request", "httpx.Client.send",
        # ASYNC220, 221, 222
        "subprocess.Popen", "subprocess.run", "os.system", "os.spawnl", "os.posix_spawn", "os.waitpid",
        # ASYNC230, 240, 250, 251
        "builtins.open", "io.open_code", "os.path.exists", "pathlib.Path.open", "pathlib.PosixPath.stat",
        "builtins.input", "time.sleep",
        # beyond ruff
        "requests.sessions.Session.get", "redis.StrictRedis.hgetall", "sqlmodel.Session.exec", "bcrypt.checkpw",
    ],
)  # fmt: skip
def test_blocks(call):
    assert blocking.blocks(call)


@pytest.mark.parametrize(
    "call",
    [
        "os.path.join", "os.getcwd", "pathlib.Path.with_suffix", "pathlib.PurePath.name", "time.time", "asyncio.sleep",
        "httpx.AsyncClient.get", "redis.asyncio.Redis.get", "redis.Redis.pipeline", "requests.Session",
        "sqlalchemy.ext.asyncio.AsyncSession.execute", "sqlalchemy.orm.Session.add", "bcrypt.gensalt",
    ],
)  # fmt: skip
def test_does_not_block(call):
    assert not blocking.blocks(call)


def test_what_a_call_makes():
    assert blocking.made_by("sqlalchemy.orm.sessionmaker()") == "sqlalchemy.orm.Session"
    assert blocking.made_by("redis.from_url") == blocking.made_by("redis.client.Redis") == "redis.Redis"
    assert blocking.made_by("os.path.join") is None


def test_methods_of_what_an_object_leads_to():
    assert {"connect", "scalars"} <= blocking.methods_reachable("sqlalchemy.Engine")
    assert "find_one" in blocking.methods_reachable("pymongo.MongoClient")
