import pytest

from .server import Server


@pytest.fixture
def start(request):
    """Starts servers that end with the test, and must end well."""
    running = []

    def start_one(*options, **how):
        server = Server(*options, **how)
        running.append(server)
        return server.__enter__()

    yield start_one
    failed = request.node.stash.get("failed", False)
    for server in running:
        if server.process.poll() is None:
            server.__exit__(AssertionError if failed else None, None, None)
        else:
            assert "Sanitizer" not in server.log(), server.log()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and call.excinfo is not None:
        item.stash["failed"] = True
    return outcome
