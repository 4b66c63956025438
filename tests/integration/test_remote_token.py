"""A token that another process serves: p11-kit server with our server half, p11-kit-client.so under our client half."""
import contextlib
import json
import os
import signal
import socket
import threading
import time

import pytest

import client as c
import rewrap_pb2 as pb
from client import Refused
from instance import BIN, Instance, children, wait_for

SHA_1 = pb.EncryptionAlgorithmSpec.RSAES_OAEP_SHA_1
AT_ONCE_S = 2  # far below the deadlines of a request and of a worker


@pytest.fixture(scope="module")
def instance():
    made = Instance(token="p11-kit", spares=8, rsa=1)
    yield made
    made.remove()


def server_pid(instance):
    with open(instance.env["REWRAP_TOKEN_PID_FILE"], encoding="ascii") as file:
        return int(file.read())


def group_is_gone(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def stop_server(instance):
    """The server and its processes, one for each connection."""
    pid = server_pid(instance)
    os.killpg(pid, signal.SIGTERM)
    wait_for(lambda: group_is_gone(pid), "the end of p11-kit server")


def start_server(instance):
    instance.run("start")  # rewrapd runs: only what is missing is started
    assert not group_is_gone(server_pid(instance))


@contextlib.contextmanager
def forwarded_to_nobody(instance):
    """What ssh does at the server's address when the other end is gone: it takes connections and closes them."""
    path = instance.env["REWRAP_INIT_ARGS"].removeprefix("server=unix:path=")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    taken = []

    def take():
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                listener.accept()[0].close()
                taken.append(1)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        os.unlink(path)


def re_encrypt(client, blob, to, **members):
    return c.re_encrypt(client, blob, to.key_id, **members).ciphertext_blob


def outside(client, key, plaintext):
    return c.outside(client.call("GetPublicKey", key_id=key.key_id).public_key, plaintext)


def test_the_token_is_in_another_process(instance):
    """The worker's own memory has no SoftHSM in it, and the server's has."""
    def maps(pid):
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            return file.read()

    workers = instance.workers
    assert workers and all("librewrapd-remote-client.so" in maps(pid) for pid in workers)
    assert not any("libsofthsm2" in maps(pid) for pid in (instance.pid, *workers))
    served = [pid for pids in children(server_pid(instance)).values() for pid in pids if "libsofthsm2" in maps(pid)]
    assert len(served) == len(workers)


def test_the_probe_finds_what_it_finds_without_the_way_between(instance):
    documents = []
    for environment in ({}, {"REWRAP_MODULE": "/usr/lib/softhsm/libsofthsm2.so", "REWRAP_INIT_ARGS": ""}):
        probed = instance.ctl("token", "probe", "--output", "json", env=environment)
        assert probed.returncode == 0, probed.stderr
        documents.append(json.loads(probed.stdout))
    remote, direct = documents
    assert (remote["Level"], remote["LevelReason"], remote["Servable"]) == ("sealed", None, True)
    assert remote["Profile"] == direct["Profile"]
    assert [row for row in remote["Trials"] if row["Tried"] != "the token's list"] == \
        [row for row in direct["Trials"] if row["Tried"] != "the token's list"]
    assert [quirk["Name"] for quirk in remote["KnownQuirks"]] == ["remote"]


@pytest.mark.parametrize("length", [1, 7, 8, 13, 4096])
def test_re_encrypt_between_symmetric_keys(client, keys, length):
    plaintext = (bytes(range(1, 256)) * 17)[:length]
    blob = c.encrypt(client, keys["O"].key_id, plaintext)
    assert c.decrypt(client, blob) == plaintext
    for name in "aba":
        blob = re_encrypt(client, blob, keys[name])
    with pytest.raises(Refused) as error:
        re_encrypt(client, blob, keys["O"])
    assert error.value.code == "UnsupportedOperationException"


@pytest.mark.parametrize("length", [1, 13, 64])
def test_re_encrypt_from_rsa(client, keys, length):
    plaintext = b"p" * length
    blob = outside(client, keys["P"], plaintext)
    moved = re_encrypt(client, blob, keys["O"], source_key_id=keys["P"].key_id, source_encryption_algorithm=SHA_1)
    assert c.decrypt(client, moved) == plaintext
    sealed = outside(client, keys["s"], plaintext)
    sealed = re_encrypt(client, sealed, keys["a"], source_key_id=keys["s"].key_id, source_encryption_algorithm=SHA_1)
    re_encrypt(client, sealed, keys["b"])


def test_a_hostile_rsa_ciphertext_costs_nothing(client, keys):
    with pytest.raises(Refused) as error:
        re_encrypt(client, b"\x01" * 256, keys["a"], source_key_id=keys["s"].key_id, source_encryption_algorithm=SHA_1)
    assert error.value.code == "InvalidCiphertextException"
    c.encrypt(client, keys["a"].key_id, b"still there")


def test_the_custodian_holds_a_ceremony_through_it(instance, client):
    before = client.call("ListKeys").keys
    added = instance.ctl("ceremony", "add", "--key-spec", "SYMMETRIC_DEFAULT", "--count", "2")
    assert added.returncode == 0, added.stderr
    wait_for(lambda: c.create_key(client), "a key of the stock")
    assert len(client.call("ListKeys").keys) == len(before) + 1


def test_the_server_goes_away_and_comes_back(instance, keys):
    pid = instance.pid
    with instance.client() as client:
        blob = c.encrypt(client, keys["O"].key_id, b"kept")
        stop_server(instance)
        for _ in range(20):
            begun = time.monotonic()
            with pytest.raises(Refused) as error:
                re_encrypt(client, blob, keys["O"])
            assert error.value.code == "KeyUnavailableException" and time.monotonic() - begun < AT_ONCE_S
        wait_for(lambda: "token main is down" in instance.log, "a line in the log")
        with forwarded_to_nobody(instance) as taken:
            wait_for(lambda: taken, "a worker that tries it")
            probed = instance.ctl("token", "probe")
            assert probed.returncode == 253, probed.stderr
        start_server(instance)

        def served():
            try:
                return re_encrypt(client, blob, keys["O"])
            except Refused as refused:
                assert refused.code == "KeyUnavailableException"
                return None

        assert c.decrypt(client, wait_for(served, "a request that is served again")) == b"kept"
        wait_for(lambda: "token main is up again" in instance.log, "a line in the log")
    assert instance.pid == pid and instance.is_running()


def test_without_a_server_it_does_not_start(tmp_path):
    made = Instance(token="p11-kit", spares=1)
    try:
        made.stop()
        made.configure("token main", init_args=f"server=unix:path={tmp_path}/nobody")
        refused = made.run("start", check=False)
        assert refused.returncode != 0 and "left with status 75" in refused.stderr, refused.stderr
    finally:
        made.remove()


@pytest.mark.parametrize("arguments", ["server=", "socket=unix:path=/run/x", "server=unix:path=" + "x" * 300, "client=p11-kit-client.so",
                                       f"client={BIN}/rewrapctl"])
def test_settings_that_are_wrong_are_refused(instance, arguments):
    probed = instance.ctl("token", "probe", "--init-args", arguments)
    assert probed.returncode == 253, probed.stdout + probed.stderr
