"""Fixtures: an instance for a whole file, a connection for a test."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from instance import Instance  # noqa: E402 (needs the path)


@pytest.fixture(scope="module")
def instance():
    """One daemon for all tests of a file that do not stop or starve it. It must still run when they are done."""
    made = Instance(spares=32)
    yield made
    alive = made.is_running()
    log = made.log
    made.remove()
    assert alive, "the daemon did not live through the tests:\n" + log[-6000:]


@pytest.fixture
def fresh_instance():
    """A daemon for one test that does as it likes with it."""
    made = Instance()
    yield made
    made.remove()


@pytest.fixture
def client(instance):
    with instance.client() as connection:
        yield connection
