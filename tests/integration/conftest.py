"""Fixtures: an instance for a whole file, a connection for a test."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from client import RSA_2048, create_key  # noqa: E402 (needs the path)
from instance import Instance  # noqa: E402


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


@pytest.fixture
def root(client):
    """The same connection, in tests of who may: it is the root principal's."""
    return client


@pytest.fixture
def alice(instance):
    with instance.client("alice") as connection:
        yield connection


@pytest.fixture
def bob(instance):
    with instance.client("bob") as connection:
        yield connection


@pytest.fixture(scope="module")
def keys(instance):
    """A key of every kind, where a file has none of its own: a, b sealed; O open; s a sealed RSA pair, P an open one."""
    with instance.client() as client:
        made = {name: create_key(client) for name in "ab"}
        made |= {"O": create_key(client, boundary="OPEN"), "s": create_key(client, **RSA_2048),
                 "P": create_key(client, boundary="OPEN", **RSA_2048)}
        return made
