"""Fixtures of the cluster suite, and how it is split over runs side by side.

A module may set SECONDS, about how long it takes; SHARD=1/3 in the environment then runs one third
of the modules by that measure, SHARD=2/3 and SHARD=3/3 the others.
"""
import os

import pytest

from cluster.site import Site


def pytest_collection_modifyitems(config, items):
    shard = os.environ.get("SHARD")
    if not shard:
        return
    mine, of = (int(number) for number in shard.split("/"))
    modules = {item.module.__name__: getattr(item.module, "SECONDS", 10) for item in items}
    load, chosen = [0] * of, {}
    for name in sorted(modules, key=lambda name: (-modules[name], name)):
        lightest = load.index(min(load))
        load[lightest] += modules[name]
        chosen[name] = lightest + 1
    kept = [item for item in items if chosen[item.module.__name__] == mine]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture
def site(lab, tmp_path):
    """Three blank hosts and an operator's directory with nothing in it."""
    with Site(lab, tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def lasting_site(shared_lab, tmp_path_factory):
    """The same, kept for a whole module of tests that only look."""
    shared_lab.reset()
    with Site(shared_lab, tmp_path_factory.mktemp("site")) as site:
        yield site
    shared_lab.assert_no_sanitizer_reports()
