"""The wire from outside: what rude, slow, broken and vanished clients get, and that the others do not notice."""
import os
import random
import resource
import socket
import subprocess
import signal
import struct
import time

import pytest

import client as c
import rewrap_pb2 as pb
from client import Client, Closed, Refused, frame, packed
from instance import wait_for

FRAME_MAX_BYTES = 384 * 1024


@pytest.fixture(scope="module", autouse=True)
def key(instance):
    with instance.client() as client:
        return c.create_key(client, alias="alias/wire", boundary="OPEN")


def is_served(client):
    """A queue that the test has filled may still be full: that, and nothing else, is no failure."""
    try:
        return c.decrypt(client, c.encrypt(client, "alias/wire", b"still here")) == b"still here"
    except Refused as error:
        if error.code != "ThrottlingException" or not error.retryable:
            raise
        return False


@pytest.fixture(autouse=True)
def daemon_goes_on(instance):
    """After each test a client that behaves is served by the same daemon."""
    pid = instance.pid
    yield
    with instance.client(deadline_s=30) as well_behaved:
        wait_for(lambda: is_served(well_behaved), "the queue's end")
    assert instance.pid == pid and instance.is_running()


def raw(operation=None, request_id=None, body=None):
    """The bytes of a Request in which anything may be missing or odd."""
    request = pb.Request()
    if operation is not None:
        request.operation = operation
    if request_id is not None:
        request.id = request_id
    if body is not None:
        request.body = body
    return request.SerializeToString()


# ---------------------------------------------------------------- frames
@pytest.mark.parametrize("data,code", [
    (struct.pack(">I", FRAME_MAX_BYTES + 1), "RequestEntityTooLargeException"),
    (struct.pack(">I", 0xFFFFFFFF), "RequestEntityTooLargeException"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "RequestEntityTooLargeException"),
    (struct.pack(">I", 0), "SerializationException"),
    (frame(b"\xff" * 40), "SerializationException"),
    (frame(b"\x0a"), "SerializationException"),
    (frame(packed("ListKeys")[:-1]), "SerializationException"),
    (frame(b"\x12\x03a\0b"), "SerializationException"),           # an operation with a NUL in it
    (frame(b"\x12\x02\xc3\x28"), "SerializationException"),         # and one that is not UTF-8
], ids=["one too long", "far too long", "HTTP", "empty", "garbage", "half a field", "truncated", "NUL", "not UTF-8"])
def test_a_stream_that_cannot_be_followed(client, data, code):
    """An error, then the end of the connection."""
    client.write(data)
    response = client.read_response()
    assert response.error.code == code
    assert not response.error.retryable
    assert client.is_closed_by_daemon()


def test_answers_before_the_garbage_still_come(client):
    blob = c.encrypt(client, "alias/wire", b"text")
    for request_id in range(100, 110):
        client.send("ReEncrypt", request_id=request_id, ciphertext_blob=blob, destination_key_id="alias/wire")
    client.write(struct.pack(">I", 0))
    answers = [client.read_response() for _ in range(11)]
    assert sorted(a.id for a in answers if a.WhichOneof("result") == "body") == list(range(100, 110))
    assert [a.error.code for a in answers if a.WhichOneof("result") == "error"] == ["SerializationException"]
    assert client.is_closed_by_daemon()


def test_longest_frame_is_read(client):
    """A request of the greatest length is judged by its content."""
    empty = len(packed("CreateKey", 1, description="x" * 200000)) - 200000
    request = packed("CreateKey", 1, description="x" * (FRAME_MAX_BYTES - empty))
    request = packed("CreateKey", 1, description="x" * (FRAME_MAX_BYTES - empty - (len(request) - FRAME_MAX_BYTES)))
    assert len(request) == FRAME_MAX_BYTES
    client.write(frame(request))
    assert client.read_response().error.code == "ValidationException"
    client.call("ListKeys")


def test_byte_by_byte(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for byte in frame(packed("DescribeKey", 7, key_id="alias/wire")) + frame(packed("ListAliases", 8)):
        client.write(bytes([byte]))
    assert {client.read_response().id, client.read_response().id} == {7, 8}


def test_many_frames_in_one_write(client):
    client.write(b"".join(frame(packed("DescribeKey", request_id, key_id="alias/wire")) for request_id in range(1, 501)))
    assert sorted(client.read_response().id for _ in range(500)) == list(range(1, 501))


def test_half_sent_requests_do_not_hold_up_others(instance, client):
    whole = frame(packed("ListKeys"))
    stuck = [instance.client() for _ in range(50)]
    for number, other in enumerate(stuck):
        other.write(whole[: 1 + number % (len(whole) - 1)])
    client.call("ListKeys")
    for number, other in enumerate(stuck):
        other.write(whole[1 + number % (len(whole) - 1):])
        assert other.read_response().WhichOneof("result") == "body"
        other.close()


# ---------------------------------------------------------------- clients that go away
def test_half_open(client):
    """He sends no more, but his answers still come."""
    blob = c.encrypt(client, "alias/wire", b"text")
    for _ in range(20):
        client.send("ReEncrypt", ciphertext_blob=blob, destination_key_id="alias/wire")
    client.socket.shutdown(socket.SHUT_WR)
    for _ in range(20):
        assert not isinstance(client.receive()[1], Refused)
    assert client.is_closed_by_daemon()


def test_half_open_with_half_a_frame(client):
    client.write(frame(packed("ListKeys"))[:-1])
    client.socket.shutdown(socket.SHUT_WR)
    assert client.is_closed_by_daemon()


def test_vanishing_with_requests_in_flight(instance, client):
    blob = c.encrypt(client, "alias/wire", b"text")
    for number in range(100):
        with instance.client() as other:
            for _ in range(number % 40):
                other.send("ReEncrypt", ciphertext_blob=blob, destination_key_id="alias/wire")


def test_vanishing_with_unread_answers(instance):
    for _ in range(50):
        other = instance.client()
        other.write(frame(packed("ListKeys")) * 20)
        other.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.close()


def test_never_reading(instance, client):
    """What is kept for one who does not read is bounded: his socket is not read any further, and others are served."""
    with instance.client() as greedy:
        greedy.socket.setblocking(False)
        request = frame(packed("DescribeKey", 1, key_id="alias/wire")) * 200
        sent = 0
        deadline = time.monotonic() + 60
        stuck_since = None
        while stuck_since is None or time.monotonic() - stuck_since < 1:
            assert time.monotonic() < deadline, f"{sent} bytes of requests were taken and no end"
            try:
                sent += greedy.socket.send(request)
                stuck_since = None
            except BlockingIOError:
                stuck_since = stuck_since or time.monotonic()
                client.call("ListKeys", limit=1)
        assert sent < 64 * 1024 * 1024


def test_ten_thousand_idle_connections(instance, client):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))  # raising the hard one is for root
    idle = []
    try:
        for _ in range(10000):
            idle.append(instance.client())
        blob = c.encrypt(client, "alias/wire")
        for _ in range(50):
            c.re_encrypt(client, blob, "alias/wire")
        for other in idle[::500]:  # some of them speak after all
            other.call("ListKeys")
    finally:
        for other in idle:
            other.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ---------------------------------------------------------------- requests
def test_unknown_operation(client):
    for operation in ("Nope", "reencrypt", "ReEncrypt ", "ImportKeyMaterial", "", "x" * 10000):
        client.write(frame(raw(operation, 5, b"")))
        response = client.read_response()
        assert (response.id, response.error.code) == (5, "UnknownOperationException"), operation
    client.call("ListKeys")


def test_request_without_operation_id_or_body(client):
    client.write(frame(raw(request_id=9)))
    response = client.read_response()
    assert (response.id, response.error.code) == (9, "UnknownOperationException")
    client.write(frame(raw("ListKeys")))
    response = client.read_response()
    assert response.id == 0 and response.WhichOneof("result") == "body"


def test_body_that_is_no_message(client):
    """The frame is whole, so the connection goes on."""
    for body in (b"\xff\xff", b"\x0a\x05abc", b"\x0a\x02\xc3\x28"):
        client.write(frame(raw("DescribeKey", 3, body)))
        response = client.read_response()
        assert (response.id, response.error.code) == (3, "SerializationException")
    client.call("ListKeys")


def test_unknown_fields_are_ignored(client):
    """A newer client may send what this daemon does not know."""
    unknown = b"\xf8\x3f\x01" + b"\xfa\x3f\x03abc" + b"\xfd\x3f\0\0\0\0"  # field 1023 as a number, bytes and a fixed number
    body = pb.DescribeKeyRequest(key_id="alias/wire").SerializeToString() + unknown
    client.write(frame(raw("DescribeKey", 4, body) + unknown))
    response = client.read_response()
    assert response.id == 4 and response.WhichOneof("result") == "body"


def test_map_key_twice(client):
    pair = pb.EncryptRequest(encryption_context={"a": "b"}).SerializeToString()
    body = pb.EncryptRequest(key_id="alias/wire", plaintext=b"x").SerializeToString() + pair + pair
    client.write(frame(raw("Encrypt", 4, body)))
    assert client.read_response().error.code == "ValidationException"


def test_enumeration_value_that_is_not_there(client):
    """Protobuf keeps such a value apart as unknown; it must not become another one."""
    body = pb.EncryptRequest(key_id="alias/wire", plaintext=b"x").SerializeToString() + b"\x28\x63"  # encryption_algorithm = 99
    client.write(frame(raw("Encrypt", 4, body)))
    response = client.read_response()
    if response.WhichOneof("result") == "body":
        answer = pb.EncryptResponse.FromString(response.body)
        assert answer.encryption_algorithm == pb.EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT
    else:
        assert response.error.code == "ValidationException"


# ---------------------------------------------------------------- in flight
def test_answers_carry_their_ids(client):
    """Long and short operations mixed, ids in no order: each answer is that of its request."""
    numbers = random.Random(1)
    waiting = {}
    for _ in range(400):
        request_id = numbers.getrandbits(64)
        plaintext = request_id.to_bytes(8, "big") * numbers.choice((1, 500))
        waiting[request_id] = plaintext
        client.send("Encrypt", request_id=request_id, key_id="alias/wire", plaintext=plaintext)
    blobs = {}
    for _ in range(400):
        request_id, answer = client.receive()
        assert request_id not in blobs
        blobs[request_id] = answer.ciphertext_blob
    assert set(blobs) == set(waiting)
    for request_id, blob in list(blobs.items())[:40]:
        assert c.decrypt(client, blob) == waiting[request_id]


def test_same_id_twice(client):
    """Ids are the client's own affair: both are answered."""
    for _ in range(2):
        client.send("DescribeKey", request_id=77, key_id="alias/wire")
    assert [client.read_response().id for _ in range(2)] == [77, 77]


def test_greatest_and_least_id(client):
    for request_id in (0, 2**64 - 1):
        client.send("ListKeys", request_id=request_id)
        assert client.read_response().id == request_id


def test_many_clients_at_once(instance):
    """Each connection gets its own answers."""
    clients = [instance.client() for _ in range(40)]
    for number, other in enumerate(clients):
        for step in range(10):
            other.send("Encrypt", request_id=number * 100 + step, key_id="alias/wire", plaintext=b"%d" % number)
    for number, other in enumerate(clients):
        answers = dict(other.receive() for _ in range(10))
        assert sorted(answers) == [number * 100 + step for step in range(10)]
        for answer in answers.values():
            assert c.decrypt(other, answer.ciphertext_blob) == b"%d" % number
        other.close()


def test_random_bytes(instance):
    """Whatever comes, the answer is an error or the end, never silence of the daemon."""
    numbers = random.Random(2)
    good = frame(packed("ReEncrypt", 1, ciphertext_blob=bytes(140), destination_key_id="alias/wire"))
    for _ in range(300):
        bent = bytearray(good)
        for _ in range(numbers.randint(1, 8)):
            bent[numbers.randrange(len(bent))] = numbers.getrandbits(8)
        with Client(instance.socket) as other:
            other.write(bytes(bent))
            other.socket.shutdown(socket.SHUT_WR)
            try:
                while other.read_response():
                    pass
            except (Closed, ConnectionResetError):
                pass


def test_timeout_of_a_request(instance, client):
    """The request's own timeout ends the wait for a token that does not answer; the worker is not killed over it."""
    blob = c.encrypt(client, "alias/wire", b"x")
    worker = int(subprocess.run(["pgrep", "-P", str(instance.pid), "rewrapd-hsm"], capture_output=True, text=True, check=True).stdout)
    os.kill(worker, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(Refused) as refused:
            client.call("ReEncrypt", ciphertext_blob=blob, destination_key_id="alias/wire", timeout_ms=200)
        assert refused.value.code == "DependencyTimeoutException" and refused.value.retryable
        assert 0.2 <= time.monotonic() - began < 4, "before deadline-ms, which is 5 s"
    finally:
        os.kill(worker, signal.SIGCONT)
    client.call("ReEncrypt", ciphertext_blob=blob, destination_key_id="alias/wire")
    assert int(subprocess.run(["pgrep", "-P", str(instance.pid), "rewrapd-hsm"], capture_output=True, text=True, check=True).stdout) == worker


def test_places_and_descriptors_come_back(instance):
    """More connections than may be at a time, one after another: each that is gone leaves its place and its descriptor."""
    for _ in range(17000):  # max-connections is 16384
        instance.client().close()
    with instance.client() as last:
        last.call("ListKeys")
