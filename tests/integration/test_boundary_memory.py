"""The boundary, seen: payloads are moved between sealed keys of a token that lives in a process of its own, and what is in the memory of
rewrapd, of its registry's writer and of its workers is looked through for them. They are only in the token's process."""
import os
import random
import re
import select
import signal
import struct
import subprocess
import time

import pytest

import client as c
import rewrap_pb2 as pb
from instance import BIN, Instance, wait_for
from process_memory import Memory, family, pieces, program

ROUNDS = 1000
THROUGH_RSA_EVERY = 40  # of the rounds: away from AES and back
IN_FLIGHT = 64
SNAPSHOTS = 2
TIMEOUT_MS = 60000
SHA_1 = pb.EncryptionAlgorithmSpec.RSAES_OAEP_SHA_1
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
HOLD = os.path.join(BIN, "..", "tests", "boundary", "boundary_hold")


def can_read_memory(pid):
    try:
        with open(f"/proc/{pid}/mem", "rb"):
            return True
    except PermissionError:
        return False


@pytest.fixture(scope="module")
def instance():
    """Two workers, a sealed RSA pair, and time for a request to wait while everything is stopped and looked at."""
    made = Instance(token="p11-kit", workers=2, spares=4)
    try:
        if not can_read_memory(made.pid):
            pytest.skip("needs root: rewrapd and its workers are not dumpable, so nobody else reads their memory")
        made.stop()
        made.ctl("ceremony", "add", "--key-spec", "RSA_2048", "--count", "1", check=True, env={"REWRAP_MODULE": SOFTHSM, "REWRAP_INIT_ARGS": ""})
        made.configure("token main", deadline_ms=TIMEOUT_MS)
        made.configure("service", max_timeout_ms=TIMEOUT_MS)
        made.start()
        wait_for(lambda: len(re.findall("is ready", made.log.rpartition("--- started")[2])) == 2, "two workers")
        yield made
    finally:
        made.remove()


class Token:
    """The token's processes: p11-kit server, and one for each connection."""

    def __init__(self, instance):
        with open(os.path.join(instance.dir, "token.pid"), encoding="ascii") as file:
            self.pid = int(file.read())
        self.address = re.search(r"server=(\S+)", instance.env["REWRAP_INIT_ARGS"])[1]

    def processes(self):
        return family(self.pid)


class Payload:
    """Random bytes that nobody of the service has ever had, and their ciphertext, made by openssl with the public key."""

    def __init__(self, length, public_key):
        self.secret = random.randbytes(length)
        self.outside = c.outside(public_key, self.secret)


class Keys:
    def __init__(self, client):
        self.alias = "alias/" + random.randbytes(20).hex()
        self.a = c.create_key(client, alias=self.alias)
        self.b = c.create_key(client)
        self.rsa = c.create_key(client, **c.RSA_2048)
        self.public_key = client.call("GetPublicKey", key_id=self.rsa.key_id).public_key


@pytest.fixture(scope="module")
def keys(instance):
    with instance.client() as client:
        return Keys(client)


@pytest.fixture(scope="module")
def payloads(keys):
    """One of a length that this token keeps on the way to RSA (a multiple of 8), and one of another."""
    return [Payload(length, keys.public_key) for length in (8 * random.randint(4, 25), 8 * random.randint(4, 24) + random.randint(1, 7))]


def from_rsa(keys, blob, to):
    return {"ciphertext_blob": blob, "source_key_id": keys.rsa.key_id, "source_encryption_algorithm": SHA_1, "destination_key_id": to.key_id,
            "timeout_ms": TIMEOUT_MS}


def between(blob, to, **members):
    return {"ciphertext_blob": blob, "destination_key_id": to.key_id, "timeout_ms": TIMEOUT_MS, **members}


def moves(client, requests):
    answers = client.call_all([("ReEncrypt", request) for request in requests], window=IN_FLIGHT)
    for answer in answers:
        assert not isinstance(answer, Exception), answer
    return [answer.ciphertext_blob for answer in answers]


def search(pids, secrets):
    """What there is of the secrets, by process: {(pid, program): Memory}. Everything of a process is looked at."""
    return {(pid, program(pid)): Memory(pid, secrets) for pid in pids}


def assert_in_none(pids, secrets):
    for (pid, name), memory in search(pids, secrets).items():
        assert memory.read_bytes > 1 << 20, (pid, name, "there was nothing to look at")
        for secret in secrets:
            assert not memory.found[secret], (pid, name, memory.found[secret])


def service(instance):
    """rewrapd, the process that writes its registry, and two workers."""
    pids = family(instance.pid)
    assert sorted(program(pid) for pid in pids) == ["rewrapd", "rewrapd", "rewrapd-hsm", "rewrapd-hsm"]
    return pids


# ---------------------------------------------------------------- that the search finds what is there
def test_what_is_in_their_memory_is_found(instance, keys):
    alias = keys.alias.removeprefix("alias/").encode()
    materials = [bytes.fromhex(key.current_key_material_id) for key in (keys.a, keys.b)]
    found = search(service(instance), [alias, *materials])
    for (pid, name), memory in found.items():
        if name == "rewrapd":
            assert memory.found[alias], f"{name} {pid} does not know an alias"
        else:
            assert all(memory.found[material] for material in materials), f"{name} {pid} does not know a key"
            assert not memory.found[alias], f"{name} {pid} knows an alias: it knows keys and mechanisms only"


def test_what_the_token_holds_is_found_in_its_process(instance, payloads):
    """And there only: the caller that holds it, with the user PIN and a sealed key, has never seen it."""
    token = Token(instance)
    payload = payloads[0]
    before = set(token.processes())
    assert_in_none(before - {token.pid}, [payload.secret])
    with subprocess.Popen([HOLD, instance.env["REWRAP_MODULE"], "rewrapd", instance.env["REWRAP_PIN_FILE"]], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, env={**os.environ, "P11_KIT_SERVER_ADDRESS": token.address}) as holder:
        try:
            holder.stdin.write(payload.outside)
            holder.stdin.close()
            assert holder.stdout.readline() == b"held\n"
            (serving,) = set(token.processes()) - before
            found = Memory(serving, [payload.secret]).found[payload.secret]
            assert len(found) >= len(pieces(payload.secret)), found  # each of them
            assert_in_none([holder.pid, *service(instance)], [payload.secret])
        finally:
            holder.kill()


# ---------------------------------------------------------------- that the payload is nowhere
def test_a_thousand_re_encryptions(instance, keys, payloads):
    secrets = [payload.secret for payload in payloads]
    pids = service(instance)
    with instance.client() as client:
        blobs = moves(client, [from_rsa(keys, payload.outside, keys.a) for payload in payloads])
        assert_in_none(pids, secrets)
        for done in range(1, ROUNDS + 1):
            to = keys.b if done % 2 else keys.a
            if done % THROUGH_RSA_EVERY == 0:
                (through,) = moves(client, [between(blobs[0], keys.rsa, destination_encryption_algorithm=SHA_1)])
                blobs = moves(client, [from_rsa(keys, through, to), between(blobs[1], to)])
            else:
                blobs = moves(client, [between(blob, to) for blob in blobs])
        assert_in_none(pids, secrets)
    assert service(instance) == pids, "a process of the service did not live through it"


def answers_waiting(client):
    """How many answers have come already, without waiting for more."""
    while select.select([client.socket], [], [], 0)[0]:
        client.received += client.socket.recv(65536)
    count, at = 0, 0
    while at + 4 <= len(client.received):
        at += 4 + struct.unpack_from(">I", client.received, at)[0]
        count += at <= len(client.received)
    return count


def test_in_the_middle_of_requests(instance, keys, payloads):
    """All processes of the service are stopped while requests are in flight, and looked at as they stand."""
    secrets = [payload.secret for payload in payloads]
    pids = service(instance)
    looked = 0
    with instance.client() as client:
        deadline = time.monotonic() + 120
        while looked < SNAPSHOTS:
            assert time.monotonic() < deadline, "the requests were always done before the processes were stopped"
            for n in range(IN_FLIGHT):
                client.send("ReEncrypt", **from_rsa(keys, payloads[n % 2].outside, keys.a))
            received = [client.receive()]
            try:
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                if len(received) + answers_waiting(client) < IN_FLIGHT:
                    assert_in_none(pids, secrets)
                    looked += 1
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
            received += [client.receive() for _ in range(IN_FLIGHT - 1)]
            assert not [answer for _, answer in received if isinstance(answer, Exception)]


def test_nothing_is_on_disk(instance, payloads):
    """Registry, log, configuration, the token's folder: pieces, and hexadecimal as a log would have them."""
    wanted = [piece for payload in payloads for part in pieces(payload.secret)
              for piece in (part, part.hex().encode())]
    seen = 0
    for folder, _, names in os.walk(instance.dir):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    data = file.read()
                seen += len(data)
                assert not any(piece in data for piece in wanted), path
    assert seen > 10000
