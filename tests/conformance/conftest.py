from types import SimpleNamespace

import pytest

from harness.zookeeper import ZooKeeper

from .server import Server, free_port


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


@pytest.fixture(scope="module")
def zookeeper(request, tmp_path_factory):
    """One server; ZOO_CFG of the test's module has further lines for its configuration."""
    place = SimpleNamespace(directory=tmp_path_factory.mktemp("zookeeper"), adopt_server=lambda _: 0)
    server = ZooKeeper(place, first_port=free_port(), address="127.0.0.1",
                       extra=getattr(request.module, "ZOO_CFG", ()))
    yield server
    server.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and call.excinfo is not None:
        item.stash["failed"] = True
    return outcome
