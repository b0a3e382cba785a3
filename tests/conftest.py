"""`--accept` and the fixtures that hold the harness."""

import pytest

from tests.harness import Harness


def pytest_addoption(parser):
    parser.addoption(
        "--accept",
        action="store_true",
        help="rewrite after/ and case.toml's findings to what the codemods do now; then read the diff",
    )


@pytest.fixture
def accept(request):
    return request.config.getoption("--accept")


@pytest.fixture(scope="session", autouse=True)
def state_directory(tmp_path_factory):
    """Runs outside git are recorded in the user's state directory; tests have no business there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def cache_directory(tmp_path_factory):
    """What a test's run keeps for the next is for no run of the user."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def harness(tmp_path_factory):
    harness = Harness(tmp_path_factory.mktemp("fixtures"))
    yield harness
    harness.applications.close()


@pytest.fixture
def outcome(case, harness):
    return harness.outcome(case)
