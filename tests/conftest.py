"""Fixtures that the harness's own tests and the cluster suite share."""
import os

import pytest


@pytest.fixture(scope="session")
def shared_lab():
    """One set of three hosts for the whole session; see `lab`."""
    if os.geteuid() != 0:
        pytest.exit("test hosts need network and mount namespaces: run as root", returncode=4)
    from harness import Lab
    with Lab(hosts=3) as lab:
        yield lab


@pytest.fixture
def lab(shared_lab):
    """Three blank hosts. A sanitizer report of a program that ran on one fails the test."""
    shared_lab.reset()
    yield shared_lab
    shared_lab.assert_no_sanitizer_reports()
