"""A client of rewrapd that shares nothing with librewrap: sockets, struct and Google's protobuf.

It can be as rude as a test needs: bytes as they are, frames by hand, many requests in flight.
"""
import socket
import struct
import subprocess
import tempfile

import pytest

import rewrap_pb2 as pb

DEADLINE_S = 60


class Refused(Exception):
    """An error answer."""

    def __init__(self, error):
        super().__init__(f"{error.code}: {error.message if error.HasField('message') else '(no message)'}")
        self.code = error.code
        self.message = error.message if error.HasField("message") else None
        self.retryable = error.retryable


class Closed(Exception):
    """The daemon closed the connection."""


def frame(message):
    """A frame around the bytes of a message."""
    return struct.pack(">I", len(message)) + message


def packed(operation, request_id=1, timeout_ms=None, **members):
    """The bytes of a Request."""
    body = getattr(pb, operation + "Request")(**members)
    request = pb.Request(id=request_id, operation=operation, body=body.SerializeToString())
    if timeout_ms is not None:
        request.timeout_ms = timeout_ms
    return request.SerializeToString()


class Client:
    def __init__(self, path, deadline_s=DEADLINE_S):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)  # waits while the daemon's backlog is full, which a socket with a timeout would not
        self.socket.settimeout(deadline_s)
        self.received = b""
        self.next_id = 1
        self.operations = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # ------------------------------------------------------------ bytes
    def write(self, data):
        self.socket.sendall(data)

    def read(self, count):
        while len(self.received) < count:
            data = self.socket.recv(65536)
            if not data:
                raise Closed()
            self.received += data
        data, self.received = self.received[:count], self.received[count:]
        return data

    def read_response(self):
        (length,) = struct.unpack(">I", self.read(4))
        return pb.Response.FromString(self.read(length))

    def is_closed_by_daemon(self):
        """Waits for the end of the stream; what comes before it is given to nobody."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    # ------------------------------------------------------------ requests
    def send(self, operation, request_id=None, timeout_ms=None, **members):
        """Sends without waiting; returns the id."""
        if request_id is None:
            request_id = self.next_id
            self.next_id += 1
        self.operations[request_id] = operation
        self.write(frame(packed(operation, request_id, timeout_ms, **members)))
        return request_id

    def receive(self):
        """The next answer, whichever it is: (id, message or Refused)."""
        response = self.read_response()
        operation = self.operations.pop(response.id, None)
        if response.WhichOneof("result") == "error":
            return response.id, Refused(response.error)
        return response.id, getattr(pb, operation + "Response").FromString(response.body)

    def call(self, operation, timeout_ms=None, **members):
        """Sends and waits; raises Refused for an error."""
        wanted = self.send(operation, timeout_ms=timeout_ms, **members)
        answered, answer = self.receive()
        if isinstance(answer, Refused) and answered in (wanted, 0):  # 0: of the connection, not of a request
            raise answer
        assert answered == wanted
        return answer

    def call_all(self, requests, window=32):
        """Sends all (operation, members) with up to window in flight; the answers in the order of the requests."""
        answers = {}
        ids = []
        waiting = iter(requests)
        in_flight = 0
        done = False
        while not done or in_flight:
            while not done and in_flight < window:
                request = next(waiting, None)
                if request is None:
                    done = True
                    break
                ids.append(self.send(request[0], **request[1]))
                in_flight += 1
            if in_flight:
                answered, answer = self.receive()
                assert answered not in answers
                answers[answered] = answer
                in_flight -= 1
        return [answers[request_id] for request_id in ids]


# ---------------------------------------------------------------- shorthands
RSA_2048 = {"key_spec": pb.KeySpec.RSA_2048, "key_usage": pb.KeyUsageType.ENCRYPT_DECRYPT}


def create_key(client, alias=None, boundary="SEALED", **members):
    """A new key's metadata, with an alias when a name is given."""
    metadata = client.call("CreateKey", boundary=pb.BoundaryType.Value.Value(boundary), **members).key_metadata
    if alias is not None:
        client.call("CreateAlias", alias_name=alias, target_key_id=metadata.key_id)
    return metadata


def encrypt(client, key_id, plaintext=b"some plaintext", context=None):
    return client.call("Encrypt", key_id=key_id, plaintext=plaintext, encryption_context=context or {}).ciphertext_blob


def decrypt(client, blob, context=None):
    return client.call("Decrypt", ciphertext_blob=blob, encryption_context=context or {}).plaintext


def re_encrypt(client, blob, to, source_context=None, context=None, **members):
    return client.call("ReEncrypt", ciphertext_blob=blob, destination_key_id=to, source_encryption_context=source_context or {},
                       destination_encryption_context=context or {}, **members)


def outside(public_key, plaintext, digest="sha1"):
    """A ciphertext that openssl makes with a public key. The plaintext goes through a pipe: it is on no command line and in no file."""
    options = [word for option in ("rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}") for word in ("-pkeyopt", option)]
    with tempfile.NamedTemporaryFile(suffix=".der") as file:
        file.write(public_key)
        file.flush()
        return subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", file.name, *options],
                              input=plaintext, check=True, capture_output=True).stdout


def pages(client, operation, items, **members):
    """What is on all pages of a list."""
    marker = {}
    while True:
        page = client.call(operation, limit=100, **members, **marker)
        yield from getattr(page, items)
        if not page.truncated:
            return
        marker = {"marker": page.next_marker}


# ---------------------------------------------------------------- what must be refused
def refused(client, code, operation, **members):
    """The error of a request that must be refused with this code."""
    with pytest.raises(Refused) as error:
        client.call(operation, **members)
    assert error.value.code == code, error.value
    return error.value


def refusal(client, operation, **members):
    """Code and text of the error of a request that must be refused."""
    with pytest.raises(Refused) as error:
        client.call(operation, **members)
    return error.value.code, error.value.message


def refused_re_encrypt(client, code, *arguments, **members):
    """The error of a ReEncrypt that must be refused with this code."""
    with pytest.raises(Refused) as error:
        re_encrypt(client, *arguments, **members)
    assert error.value.code == code, error.value
    return error.value
