"""The conformance table KMS.md R-161, a test for each row, by its number, through real instances on SoftHSM and on NSS softokn.

E and F are symmetric, P and Q RSA_2048; a name in capitals is an open key, so that what a ciphertext holds can be looked at, one in small
letters a sealed key, from the ceremony's stock. Ciphertexts under RSA keys are made outside, by openssl with what GetPublicKey gave.

Rows 7, 9 and 21 need keys that no operation makes: tests/unit/operations/test_re_encrypt_refused.c puts them into a registry.
"""
import pytest

import client as c
import rewrap_pb2 as pb
from client import RSA_2048, Refused, re_encrypt
from instance import Instance

ACCOUNT, REGION = "111122223333", "eu-central-1"
SHA_1, SHA_256 = pb.EncryptionAlgorithmSpec.RSAES_OAEP_SHA_1, pb.EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256
SYMMETRIC = pb.EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT
NAMES = {SHA_1: "RSAES_OAEP_SHA_1", SHA_256: "RSAES_OAEP_SHA_256"}
DIGESTS = {SHA_1: "sha1", SHA_256: "sha256"}
LIMITS = {SHA_1: 214, SHA_256: 190}  # bytes under RSA_2048 (R-70)
CONTEXT = {"purpose": "test", "Zone": "ä", "empty": ""}
UNKNOWN = "12345678-1234-4234-9234-123456789012"


class World:
    """An instance with a key of every kind."""

    def __init__(self, token):
        self.instance = Instance(spares=16, token=token, rsa=2)
        self.token = token
        with self.instance.client() as client:
            self.keys = {name: c.create_key(client, alias=f"alias/{name}", **RSA_2048) for name in "pq"}
            self.keys |= {name: c.create_key(client, alias=f"alias/{name}") for name in "ef"}
            self.keys |= {name: c.create_key(client, alias=f"alias/{name}", boundary="OPEN") for name in "EFG"}
            self.keys |= {name: c.create_key(client, alias=f"alias/{name}", boundary="OPEN", **RSA_2048) for name in "PQ"}
            self.public = {name: client.call("GetPublicKey", key_id=f"alias/{name}") for name in "PQpq"}
        # The strongest that the token does on the token: which one that is, is a row of its own.
        self.algorithm = max(self.keys["P"].encryption_algorithms)

    def arn(self, name):
        return self.keys[name].arn

    def outside(self, name, plaintext, algorithm=None):
        return c.outside(self.public[name].public_key, plaintext, DIGESTS[algorithm or self.algorithm])


@pytest.fixture(scope="module", params=["softhsm", "nss"])
def world(request):
    made = World(request.param)
    yield made
    made.instance.remove()


@pytest.fixture
def client(world):
    with world.instance.client() as connection:
        yield connection


def refused(*arguments, **members):
    """The text of the error of a ReEncrypt."""
    return c.refused_re_encrypt(*arguments, **members).message


def decrypt(client, name, blob, algorithm):
    return client.call("Decrypt", key_id=f"alias/{name}", ciphertext_blob=blob, encryption_algorithm=algorithm).plaintext


# ---------------------------------------------------------------- symmetric keys
def test_row_01(world, client):
    answer = re_encrypt(client, c.encrypt(client, "alias/E", b"row 1"), "alias/F")
    assert (answer.source_key_id, answer.key_id) == (world.arn("E"), world.arn("F"))
    assert answer.source_key_material_id == world.keys["E"].current_key_material_id
    assert answer.destination_key_material_id == world.keys["F"].current_key_material_id
    assert answer.source_encryption_algorithm == answer.destination_encryption_algorithm == SYMMETRIC
    assert c.decrypt(client, answer.ciphertext_blob) == b"row 1"


def test_row_02(client):
    answer = re_encrypt(client, c.encrypt(client, "alias/E", b"row 2", CONTEXT), "alias/F", dict(reversed(CONTEXT.items())))
    assert c.decrypt(client, answer.ciphertext_blob) == b"row 2"


@pytest.mark.parametrize("given", [{}, {**CONTEXT, "more": "x"}, {**CONTEXT, "purpose": "Test"}], ids=["missing", "extra pair", "case"])
def test_row_03(client, given):
    assert refused(client, "InvalidCiphertextException", c.encrypt(client, "alias/E", b"row 3", CONTEXT), "alias/F", given) is None


def test_row_04(client):
    assert re_encrypt(client, c.encrypt(client, "alias/E", b"row 4"), "alias/F", {}).ciphertext_blob


def test_row_05(client):
    assert refused(client, "InvalidCiphertextException", c.encrypt(client, "alias/E", b"row 5"), "alias/F", {"a": "b"}) is None


INCORRECT = "The key ID in the request does not identify a CMK that can perform this operation."


def test_row_06(client):
    assert refused(client, "IncorrectKeyException", c.encrypt(client, "alias/E"), "alias/F", source_key_id="alias/G") == INCORRECT


def test_row_07_with_the_wrong_kind_of_key_that_there_is(client):
    assert refused(client, "IncorrectKeyException", c.encrypt(client, "alias/E"), "alias/p", source_key_id="alias/p") == INCORRECT


def test_row_08(world, client):
    assert re_encrypt(client, c.encrypt(client, "alias/E"), "alias/F", source_key_id="alias/E").source_key_id == world.arn("E")


# ---------------------------------------------------------------- RSA keys
def test_row_10(client):
    assert refused(client, "InvalidKeyUsageException", c.encrypt(client, "alias/E"),
                   "alias/P") == "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."


@pytest.mark.parametrize("length", [8, 64, 128, 184])
def test_row_11(world, client, length):
    plaintext = bytes(range(256))[:length]
    answer = re_encrypt(client, c.encrypt(client, "alias/E", plaintext), "alias/P", destination_encryption_algorithm=world.algorithm)
    assert len(answer.ciphertext_blob) == 256
    assert answer.source_key_material_id == world.keys["E"].current_key_material_id
    assert not answer.HasField("destination_key_material_id")
    assert (answer.source_encryption_algorithm, answer.destination_encryption_algorithm) == (SYMMETRIC, world.algorithm)
    assert (answer.source_key_id, answer.key_id) == (world.arn("E"), world.arn("P"))
    assert decrypt(client, "P", answer.ciphertext_blob, world.algorithm) == plaintext


def test_row_11_of_sealed_keys(world, client):
    moved = re_encrypt(client, c.encrypt(client, "alias/e", b"8 bytes."), "alias/p", destination_encryption_algorithm=world.algorithm)
    back = re_encrypt(client, moved.ciphertext_blob, "alias/f", source_key_id="alias/p", source_encryption_algorithm=world.algorithm)
    assert (back.source_key_id, back.key_id) == (world.arn("p"), world.arn("f"))


def test_row_12(world, client):
    assert refused(client, "ValidationException", c.encrypt(client, "alias/E", b"8 bytes."), "alias/P", None, {"a": "b"},
                   destination_encryption_algorithm=world.algorithm) == \
        "EncryptionContext is not supported when encrypting with asymmetric CMKs."


def test_row_13(world, client):
    limit = LIMITS[world.algorithm]
    text = f"Algorithm {NAMES[world.algorithm]} and key spec RSA_2048 cannot encrypt data larger than {limit} bytes."
    blob = c.encrypt(client, "alias/E", b"x" * (limit + 1))
    for name in "Pp":
        assert refused(client, "ValidationException", blob, f"alias/{name}", destination_encryption_algorithm=world.algorithm) == text
        with pytest.raises(Refused) as error:
            client.call("Encrypt", key_id=f"alias/{name}", plaintext=b"x" * (limit + 1), encryption_algorithm=world.algorithm)
        assert (error.value.code, error.value.message) == ("ValidationException", text)


def test_row_14(world, client):
    assert refused(client, "ValidationException", world.outside("P", b"row 14"), "alias/E",
                   source_encryption_algorithm=world.algorithm) == "SourceKeyId must not be null"


def test_row_15(world, client):
    assert refused(client, "InvalidCiphertextException", world.outside("P", b"row 15"), "alias/E", source_key_id="alias/P") is None


def test_row_16(world, client):
    def is_none(blob, key):
        assert refused(client, "InvalidCiphertextException", blob, "alias/e", source_key_id=key,
                       source_encryption_algorithm=world.algorithm) is None

    for name, other in ("PQ", "pq"):
        blob = world.outside(name, b"row 16")
        is_none(world.outside(name, b"row 16", SHA_256 if world.algorithm == SHA_1 else SHA_1), f"alias/{name}")
        is_none(blob, f"alias/{other}")
        is_none(blob[:-1], f"alias/{name}")
        is_none(blob[:-1] + bytes([blob[-1] ^ 1]), f"alias/{name}")
        is_none(b"\xff" * 256, f"alias/{name}")
        assert re_encrypt(client, blob, "alias/e", source_key_id=f"alias/{name}", source_encryption_algorithm=world.algorithm)


@pytest.mark.parametrize("length", [1, 7, 8, 100, 190])
def test_row_17(world, client, length):
    plaintext = bytes(range(256))[:length]
    answer = re_encrypt(client, world.outside("P", plaintext), "alias/F", None, CONTEXT, source_key_id="alias/P",
                        source_encryption_algorithm=world.algorithm)
    assert not answer.HasField("source_key_material_id")
    assert answer.destination_key_material_id == world.keys["F"].current_key_material_id
    assert (answer.source_encryption_algorithm, answer.destination_encryption_algorithm) == (world.algorithm, SYMMETRIC)
    assert (answer.source_key_id, answer.key_id) == (world.arn("P"), world.arn("F"))
    assert c.decrypt(client, answer.ciphertext_blob, CONTEXT) == plaintext


@pytest.mark.parametrize("length", [1, 7, 8, 190])
def test_row_17_to_another_rsa_key(world, client, length):
    """The last cell of the matrix R-20: no material ids at all."""
    plaintext = bytes(range(256))[:length]
    members = {"source_encryption_algorithm": world.algorithm, "destination_encryption_algorithm": world.algorithm}
    answer = re_encrypt(client, world.outside("P", plaintext), "alias/Q", source_key_id="alias/P", **members)
    assert not answer.HasField("source_key_material_id") and not answer.HasField("destination_key_material_id")
    assert decrypt(client, "Q", answer.ciphertext_blob, world.algorithm) == plaintext
    answer = re_encrypt(client, world.outside("p", plaintext), "alias/q", source_key_id="alias/p", **members)
    assert (answer.source_key_id, answer.key_id) == (world.arn("p"), world.arn("q"))


@pytest.mark.parametrize("spec, bits", [(pb.KeySpec.RSA_3072, 3072), (pb.KeySpec.RSA_4096, 4096)])
def test_rows_11_13_and_17_of_longer_keys(world, client, spec, bits):
    key = c.create_key(client, boundary="OPEN", timeout_ms=60000, key_spec=spec, key_usage=pb.KeyUsageType.ENCRYPT_DECRYPT)
    name = f"alias/rsa-{bits}"
    client.call("CreateAlias", alias_name=name, target_key_id=key.key_id)
    limit = bits // 8 - 256 + LIMITS[world.algorithm]  # the modulus is that much longer than that of RSA_2048
    world.public[name] = client.call("GetPublicKey", key_id=name)
    longest = limit if world.token == "softhsm" else 256  # NSS takes no more of any payload
    plaintext = bytes(n % 251 for n in range(longest))
    members = {"source_key_id": name, "source_encryption_algorithm": world.algorithm}
    assert c.decrypt(client, re_encrypt(client, world.outside(name, plaintext), "alias/F", **members).ciphertext_blob) == plaintext
    if longest < limit:
        message = refused(client, "ValidationException", world.outside(name, plaintext + b"x"), "alias/F", **members)
        assert message == "Token main (NSS 3) does not take data larger than 256 bytes."
    blob = client.call("Encrypt", key_id=name, plaintext=plaintext, encryption_algorithm=world.algorithm).ciphertext_blob
    assert len(blob) == bits // 8
    assert client.call("Decrypt", key_id=name, ciphertext_blob=blob, encryption_algorithm=world.algorithm).plaintext == plaintext
    with pytest.raises(Refused) as error:
        client.call("Encrypt", key_id=name, plaintext=b"x" * (limit + 1), encryption_algorithm=world.algorithm)
    assert error.value.message == (f"Algorithm {NAMES[world.algorithm]} and key spec RSA_{bits} cannot encrypt data larger than "
                                   f"{limit} bytes.")


def test_public_key_of_a_disabled_key(world, client):
    client.call("DisableKey", key_id=world.keys["Q"].key_id)
    assert client.call("GetPublicKey", key_id="alias/Q") == world.public["Q"]
    client.call("EnableKey", key_id=world.keys["Q"].key_id)
    with pytest.raises(Refused) as error:
        client.call("GetPublicKey", key_id="alias/E")
    assert error.value.code == "UnsupportedOperationException"


@pytest.mark.parametrize("length", [1, 7, 189, 190])
def test_row_11_of_other_lengths(world, client, length):
    """NSS keeps them. SoftHSM pads what is under a symmetric key: other lengths than multiples of 8 never reach an RSA key padded."""
    plaintext = bytes(range(256))[:length]
    for name, to in ("EP", "ep"):
        blob = c.encrypt(client, f"alias/{name}", plaintext)
        members = {"destination_encryption_algorithm": world.algorithm}
        if world.token == "softhsm":
            assert "Token main (SoftHSM v2)" in refused(client, "UnsupportedOperationException", blob, f"alias/{to}", **members)
        else:
            moved = re_encrypt(client, blob, f"alias/{to}", **members).ciphertext_blob
            assert to == "p" or decrypt(client, to, moved, world.algorithm) == plaintext


def test_algorithms_of_the_token(world, client):
    """SoftHSM 2.6.1 does OAEP with SHA-1 only. The other is not listed, and refused with the token's name."""
    listed = [SHA_1] if world.token == "softhsm" else [SHA_1, SHA_256]
    for name in "Pp":
        assert list(client.call("DescribeKey", key_id=f"alias/{name}").key_metadata.encryption_algorithms) == listed
        assert list(world.public[name].encryption_algorithms) == listed
    if SHA_256 not in listed:
        message = refused(client, "UnsupportedOperationException", c.encrypt(client, "alias/E", b"8 bytes."), "alias/p",
                          destination_encryption_algorithm=SHA_256)
        assert message == "Token main (SoftHSM v2) cannot do RSAES_OAEP_SHA_256. It does RSAES_OAEP_SHA_1."


# ---------------------------------------------------------------- states
@pytest.fixture
def mortal(client):
    """Two keys for a test that takes them out of use."""
    return [c.create_key(client, boundary="OPEN") for _ in range(2)]


def test_row_18(client, mortal):
    blob = c.encrypt(client, mortal[0].key_id)
    client.call("DisableKey", key_id=mortal[0].key_id)
    assert refused(client, "DisabledException", blob, "alias/F") == f"{mortal[0].arn} is disabled."


def test_row_19(client, mortal):
    client.call("DisableKey", key_id=mortal[1].key_id)
    assert refused(client, "DisabledException", c.encrypt(client, "alias/E"), mortal[1].key_id) == f"{mortal[1].arn} is disabled."


def test_row_20(client, mortal):
    blob = c.encrypt(client, mortal[0].key_id)
    for key in mortal:
        client.call("ScheduleKeyDeletion", key_id=key.key_id, pending_window_in_days=7)
    text = "{} is pending deletion."
    assert refused(client, "KMSInvalidStateException", blob, "alias/F") == text.format(mortal[0].arn)
    assert refused(client, "KMSInvalidStateException", c.encrypt(client, "alias/E"), mortal[1].arn) == text.format(mortal[1].arn)


# ---------------------------------------------------------------- names
@pytest.mark.parametrize("name, text", [
    (UNKNOWN, f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{UNKNOWN}' does not exist"),  # row 22
    ("alias/none", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found."),  # row 23
    ("not-an-id", "Invalid keyId 'not-an-id'"),  # row 24
    (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{UNKNOWN}", "Invalid arn eu-west-1"),  # row 25
], ids=["22", "23", "24", "25"])
def test_rows_22_to_25(client, name, text):
    assert refused(client, "NotFoundException", c.encrypt(client, "alias/E"), name) == text


def foreign_text(action):
    return (f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {action} on this resource because the resource does not "
            "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access")


@pytest.fixture(scope="module")
def foreign(world):
    """A key of the other account, and a ciphertext under it."""
    with world.instance.client("root2") as client:
        key = c.create_key(client, boundary="OPEN")
        return key, c.encrypt(client, key.key_id)


def test_rows_26_and_28(client, foreign):
    """The key of the other account has the default policy: it is not shared. Row 28 is the same with the foreign key as what he may not."""
    assert refused(client, "AccessDeniedException", c.encrypt(client, "alias/E"), foreign[0].arn) == foreign_text("kms:ReEncryptTo")
    assert refused(client, "AccessDeniedException", c.encrypt(client, "alias/E"),
                   f"arn:aws:kms:{REGION}:444455556666:key/{UNKNOWN}") == foreign_text("kms:ReEncryptTo")
    assert refused(client, "AccessDeniedException", c.encrypt(client, "alias/E"), foreign[0].arn,
                   dry_run=True) == foreign_text("kms:ReEncryptTo")  # row 32


def test_row_27(client, foreign):
    assert refused(client, "AccessDeniedException", foreign[1], "alias/F", source_key_id=foreign[0].arn) == foreign_text("kms:ReEncryptFrom")


# ---------------------------------------------------------------- shapes
@pytest.mark.parametrize("blob", [b"garbage", b"\0" * 256, b"\x01\x01" + b"x" * 200], ids=["text", "zeros", "nearly a header"])
def test_row_29(client, blob):
    assert refused(client, "InvalidCiphertextException", blob, "alias/F") is None


@pytest.mark.parametrize("length, limit", [(6145, "less than or equal to 6144"), (0, "greater than or equal to 1")])
def test_row_30(client, length, limit):
    assert refused(client, "ValidationException", b"x" * length, "alias/F") == \
        f"1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length {limit}"


def test_row_31(client):
    """An enumeration of protobuf takes no FOO: its number is one that nobody has."""
    body = pb.ReEncryptRequest(ciphertext_blob=c.encrypt(client, "alias/E"), destination_key_id=UNKNOWN).SerializeToString()
    field = pb.ReEncryptRequest.DESCRIPTOR.fields_by_name["destination_encryption_algorithm"].number
    client.operations[99] = "ReEncrypt"
    client.write(c.frame(pb.Request(id=99, operation="ReEncrypt", body=body + bytes([field << 3, 77])).SerializeToString()))
    _, answer = client.receive()
    assert answer.code == "ValidationException"
    assert "enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]" in answer.message


DRY = "The request would have succeeded, but the DryRun option is set."


def test_row_32(world, client):
    assert refused(client, "DryRunOperationException", c.encrypt(client, "alias/E"), "alias/F", dry_run=True) == DRY
    assert refused(client, "DryRunOperationException", world.outside("p", b"row 32"), "alias/q", source_key_id="alias/p",
                   source_encryption_algorithm=world.algorithm, destination_encryption_algorithm=world.algorithm, dry_run=True) == DRY


def test_row_33(client):
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", source_key_id="alias/E", destination_key_id="alias/F", dry_run=True,
                    dry_run_modifiers=[pb.DryRunModifierType.IGNORE_CIPHERTEXT])
    assert (error.value.code, error.value.message) == ("DryRunOperationException", DRY)


def test_row_34(world, client):
    answer = re_encrypt(client, c.encrypt(client, "alias/E", b"row 34", {"a": "1"}), "alias/E", {"a": "1"}, {"b": "2"})
    assert answer.source_key_id == answer.key_id == world.arn("E")
    assert c.decrypt(client, answer.ciphertext_blob, {"b": "2"}) == b"row 34"


@pytest.mark.parametrize("boundary", ["OPEN", "SEALED"])
def test_row_35(client, boundary):
    key = c.create_key(client, boundary=boundary)
    old = c.encrypt(client, key.key_id, b"row 35")
    client.call("RotateKeyOnDemand", key_id=key.key_id)
    answer = re_encrypt(client, old, key.key_id)
    assert answer.source_key_material_id == key.current_key_material_id
    assert answer.destination_key_material_id != answer.source_key_material_id
    if boundary == "OPEN":
        assert c.decrypt(client, old) == c.decrypt(client, answer.ciphertext_blob) == b"row 35"
    else:
        assert re_encrypt(client, old, "alias/e").key_id


@pytest.mark.parametrize("tokens", [["t"] * 11, ["t" * 8193]], ids=["eleven", "too long"])
def test_row_36(client, tokens):
    assert refused(client, "ValidationException", c.encrypt(client, "alias/E"), "alias/F", grant_tokens=tokens)
