"""ReEncrypt between symmetric keys, from outside: the rows of the conformance table that symmetric keys can show, lengths, bit flips."""
import re
import uuid

import pytest

import client as c
import rewrap_pb2 as pb
from client import Refused, re_encrypt, refused_re_encrypt as refused

ACCOUNT, REGION = "111122223333", "eu-central-1"


@pytest.fixture(scope="module")
def keys(instance):
    """Two open keys E and F, a third G, two sealed ones S and T; each with an alias of its name."""
    with instance.client() as client:
        made = {name: c.create_key(client, alias=f"alias/{name}", boundary="OPEN") for name in "EFG"}
        made.update({name: c.create_key(client, alias=f"alias/{name}") for name in "ST"})
        return made


# ---------------------------------------------------------------- answers
def test_answer(client, keys):
    blob = c.encrypt(client, "alias/E", b"row 1")
    answer = re_encrypt(client, blob, keys["F"].key_id)
    assert answer.source_key_id == keys["E"].arn
    assert answer.key_id == keys["F"].arn
    assert answer.source_encryption_algorithm == answer.destination_encryption_algorithm == pb.EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT
    assert answer.source_key_material_id == keys["E"].current_key_material_id
    assert answer.destination_key_material_id == keys["F"].current_key_material_id
    assert re.fullmatch("[0-9a-f]{64}", answer.source_key_material_id)
    assert answer.ciphertext_blob != blob
    assert c.decrypt(client, answer.ciphertext_blob) == b"row 1"
    assert c.decrypt(client, blob) == b"row 1"  # the old one goes on working


@pytest.mark.parametrize("form", ["key_id", "arn", "alias", "alias_arn"])
def test_four_forms_of_an_identifier(client, keys, form):
    def identifier(name):
        return {"key_id": keys[name].key_id, "arn": keys[name].arn, "alias": f"alias/{name}",
                "alias_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{name}"}[form]

    answer = re_encrypt(client, c.encrypt(client, identifier("E"), b"forms"), identifier("F"), source_key_id=identifier("E"))
    assert (answer.source_key_id, answer.key_id) == (keys["E"].arn, keys["F"].arn)
    assert c.decrypt(client, answer.ciphertext_blob) == b"forms"


def test_same_key_new_context(client, keys):
    blob = c.encrypt(client, "alias/E", b"row 34", {"a": "1"})
    answer = re_encrypt(client, blob, "alias/E", {"a": "1"}, {"b": "2"})
    assert answer.source_key_id == answer.key_id == keys["E"].arn
    assert c.decrypt(client, answer.ciphertext_blob, {"b": "2"}) == b"row 34"


def test_sealed_to_sealed_and_on(client, keys):
    blob = c.encrypt(client, "alias/S", b"sealed")
    moved = re_encrypt(client, blob, "alias/T", None, {"n": "2"})
    back = re_encrypt(client, moved.ciphertext_blob, "alias/S", {"n": "2"})
    assert back.key_id == keys["S"].arn
    for sealed, context in ((blob, {}), (moved.ciphertext_blob, {"n": "2"}), (back.ciphertext_blob, {})):
        with pytest.raises(Refused) as error:
            c.decrypt(client, sealed, context)
        assert error.value.code == "UnsupportedOperationException"


def test_open_to_sealed_but_not_back(client, keys):
    moved = re_encrypt(client, c.encrypt(client, "alias/E", b"one way"), "alias/S")
    assert moved.key_id == keys["S"].arn
    with pytest.raises(Refused) as error:
        re_encrypt(client, moved.ciphertext_blob, "alias/E")
    assert error.value.code in ("UnsupportedOperationException", "InvalidKeyUsageException")
    assert error.value.message


def test_data_key_moves(client):
    for spec, length in ((pb.DataKeySpec.AES_256, 32), (pb.DataKeySpec.AES_128, 16)):
        made = client.call("GenerateDataKeyWithoutPlaintext", key_id="alias/E", key_spec=spec, encryption_context={"k": "v"})
        moved = re_encrypt(client, made.ciphertext_blob, "alias/F", {"k": "v"}, {"k": "w"})
        assert c.decrypt(client, moved.ciphertext_blob, {"k": "w"}) == c.decrypt(client, made.ciphertext_blob, {"k": "v"})
        assert len(c.decrypt(client, moved.ciphertext_blob, {"k": "w"})) == length


def test_data_key_in_clear(client):
    """Of open keys; and it is another each time."""
    seen = set()
    for members, length in (({"key_spec": pb.DataKeySpec.AES_256}, 32), ({"key_spec": pb.DataKeySpec.AES_128}, 16),
                            ({"number_of_bytes": 31}, 31), ({"number_of_bytes": 1024}, 1024)):
        made = client.call("GenerateDataKey", key_id="alias/E", encryption_context={"k": "v"}, **members)
        assert len(made.plaintext) == length and made.plaintext[:16] not in seen
        seen.add(made.plaintext[:16])
        assert c.decrypt(client, made.ciphertext_blob, {"k": "v"}) == made.plaintext
    with pytest.raises(Refused) as error:
        client.call("GenerateDataKey", key_id="alias/S", number_of_bytes=32)
    assert error.value.code == "UnsupportedOperationException"
    assert "GenerateDataKeyWithoutPlaintext" in error.value.message


def test_random_bytes(client):
    for length in (1, 32, 1024):
        made = [client.call("GenerateRandom", number_of_bytes=length).plaintext for _ in range(2)]
        assert [len(data) for data in made] == [length] * 2
        assert length == 1 or made[0] != made[1]


# ---------------------------------------------------------------- encryption contexts
CONTEXT = {"purpose": "test", "Zone": "ä", "empty": ""}


def test_context_in_any_order(client):
    blob = c.encrypt(client, "alias/E", b"row 2", CONTEXT)
    moved = re_encrypt(client, blob, "alias/F", dict(reversed(CONTEXT.items())), CONTEXT)
    assert c.decrypt(client, moved.ciphertext_blob, CONTEXT) == b"row 2"


@pytest.mark.parametrize("given", [
    {}, {**CONTEXT, "more": "x"}, {**CONTEXT, "purpose": "Test"}, {"Purpose": "test", "Zone": "ä", "empty": ""},
    {k: v for k, v in CONTEXT.items() if k != "empty"}, {**CONTEXT, "Zone": "a\u0308"}, {**CONTEXT, "empty": " "},
], ids=["none", "extra pair", "value's case", "key's case", "missing pair", "other spelling in Unicode", "a blank"])
def test_other_context(client, given):
    blob = c.encrypt(client, "alias/E", b"row 3", CONTEXT)
    assert refused(client, "InvalidCiphertextException", blob, "alias/F", given).message is None


def test_context_where_there_was_none(client):
    blob = c.encrypt(client, "alias/E", b"rows 4, 5")
    assert re_encrypt(client, blob, "alias/F", {}).key_id
    assert refused(client, "InvalidCiphertextException", blob, "alias/F", {"a": "b"}).message is None


@pytest.mark.parametrize("one,other", [({"a": "bc"}, {"ab": "c"}), ({"a": "b", "c": "d"}, {"a": "bcd"}), ({"a": "b"}, {"b": "a"}), ({"a": ""}, {"": "a"})])
def test_contexts_that_look_alike(client, one, other):
    blob = c.encrypt(client, "alias/E", b"text", one)
    assert re_encrypt(client, blob, "alias/F", one).key_id
    refused(client, "InvalidCiphertextException", blob, "alias/F", other)


def test_destination_context_is_not_carried_over(client):
    moved = re_encrypt(client, c.encrypt(client, "alias/E", b"text", {"a": "b"}), "alias/F", {"a": "b"})
    assert c.decrypt(client, moved.ciphertext_blob) == b"text"
    with pytest.raises(Refused) as error:
        c.decrypt(client, moved.ciphertext_blob, {"a": "b"})
    assert error.value.code == "InvalidCiphertextException"


def test_too_large_context(client):
    blob = c.encrypt(client, "alias/E", b"text", {"k": "v" * 8000})
    assert re_encrypt(client, blob, "alias/F", {"k": "v" * 8000}).key_id
    refused(client, "ValidationException", blob, "alias/F", None, {"k": "v" * 9000})


# ---------------------------------------------------------------- the source key
def test_source_key_is_checked(client, keys):
    blob = c.encrypt(client, "alias/E", b"rows 6, 8")
    assert re_encrypt(client, blob, "alias/F", source_key_id="alias/E").source_key_id == keys["E"].arn
    error = refused(client, "IncorrectKeyException", blob, "alias/F", source_key_id="alias/G")
    assert error.message == "The key ID in the request does not identify a CMK that can perform this operation."


@pytest.mark.parametrize("member", ["source_key_id", "destination_key_id"])
def test_keys_that_are_not_there(client, member):
    unknown = str(uuid.uuid4())
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{unknown}"
    blob = c.encrypt(client, "alias/E", b"rows 22 to 26")
    cases = [
        (unknown, "NotFoundException", f"Key '{arn}' does not exist"),
        (arn, "NotFoundException", f"Key '{arn}' does not exist"),
        ("alias/none", "NotFoundException", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found."),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/none", "NotFoundException", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found."),
        ("not-an-id", "NotFoundException", "Invalid keyId 'not-an-id'"),
        (f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{unknown}", "NotFoundException", "Invalid arn us-west-2"),
        (f"arn:aws:kms:{REGION}:444455556666:key/{unknown}", "AccessDeniedException", None),
    ]
    for identifier, code, message in cases:
        members = {"destination_key_id": "alias/F", member: identifier}
        with pytest.raises(Refused) as error:
            client.call("ReEncrypt", ciphertext_blob=blob, **members)
        assert error.value.code == code, identifier
        if message is not None:
            assert error.value.message == message


def test_keys_of_another_account(instance, client, keys):
    with instance.client("root2") as root2:
        theirs = c.create_key(root2)
        blob = c.encrypt(client, "alias/E", b"mine")
        assert "kms:ReEncryptTo" in refused(client, "AccessDeniedException", blob, theirs.arn).message
        with pytest.raises(Refused) as error:
            re_encrypt(root2, blob, theirs.arn)
        assert error.value.code == "AccessDeniedException"


# ---------------------------------------------------------------- ciphertexts
def test_lengths_of_the_blob(client):
    for blob in (b"", bytes(6145)):
        refused(client, "ValidationException", blob, "alias/F")
    for blob in (b"\0", b"garbage", bytes(139), bytes(range(256)) * 24):
        assert refused(client, "InvalidCiphertextException", blob, "alias/F").message is None


def test_every_bit_flipped(client):
    """No bit may be changed, and whatever is changed has the same answer, whether or not the source is named as well."""
    blob = c.encrypt(client, "alias/E", b"0123456789abcdef0123456789abcdef", {"a": "b"})
    requests = []
    for bit in range(len(blob) * 8):
        bent = bytearray(blob)
        bent[bit // 8] ^= 1 << bit % 8
        members = {"ciphertext_blob": bytes(bent), "destination_key_id": "alias/F", "source_encryption_context": {"a": "b"}}
        requests += [("ReEncrypt", members), ("ReEncrypt", {**members, "source_key_id": "alias/E"})]
    answers = client.call_all(requests)
    wrong = {number // 2: answer for number, answer in enumerate(answers) if not isinstance(answer, Refused) or answer.code != "InvalidCiphertextException"
             or answer.message is not None}
    assert not wrong
    assert re_encrypt(client, blob, "alias/F", {"a": "b"}).key_id


def test_truncated_and_extended(client):
    blob = c.encrypt(client, "alias/E", b"0123456789abcdef")
    requests = [("ReEncrypt", {"ciphertext_blob": blob[:length], "destination_key_id": "alias/F"}) for length in range(1, len(blob))]
    requests += [("ReEncrypt", {"ciphertext_blob": blob + bytes(more), "destination_key_id": "alias/F"}) for more in range(1, 40)]
    requests += [("ReEncrypt", {"ciphertext_blob": blob + blob, "destination_key_id": "alias/F"})]
    for answer in client.call_all(requests):
        assert isinstance(answer, Refused) and answer.code == "InvalidCiphertextException"


def test_parts_of_two_ciphertexts(client):
    """Header of one, body of the other: under the same key and context still two ciphertexts."""
    one, other = (c.encrypt(client, "alias/E", text) for text in (b"0123456789abcdef", b"fedcba9876543210"))
    assert len(one) == len(other)
    for cut in (1, 2, 18, 50, 52, 84, len(one) - 16):
        assert one[:cut] + other[cut:] != other or cut < 84
        if one[:cut] + other[cut:] not in (one, other):
            refused(client, "InvalidCiphertextException", one[:cut] + other[cut:], "alias/F")


def test_foreign_ciphertext(instance, client):
    """A well-made ciphertext that names a key nobody here knows of: its existence is not disclosed."""
    with instance.client("root2") as root2:
        c.create_key(root2, alias="alias/B", boundary="OPEN")
        blob = c.encrypt(root2, "alias/B", b"not yours")
    refused(client, "AccessDeniedException", blob, "alias/F")


# ---------------------------------------------------------------- dry run and validation
def test_dry_run(client):
    blob = c.encrypt(client, "alias/E", b"row 32")
    error = refused(client, "DryRunOperationException", blob, "alias/F", dry_run=True)
    assert error.message == "The request would have succeeded, but the DryRun option is set."
    refused(client, "NotFoundException", blob, "alias/none", dry_run=True)
    refused(client, "InvalidCiphertextException", blob[:-1], "alias/F", dry_run=True)
    refused(client, "InvalidCiphertextException", blob[:-1] + bytes([blob[-1] ^ 1]), "alias/F", dry_run=True)
    refused(client, "IncorrectKeyException", blob, "alias/F", source_key_id="alias/G", dry_run=True)


def test_dry_run_without_ciphertext(client):
    ignore = [pb.DryRunModifierType.IGNORE_CIPHERTEXT]
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", source_key_id="alias/E", destination_key_id="alias/F", dry_run=True, dry_run_modifiers=ignore)
    assert error.value.code == "DryRunOperationException"
    with pytest.raises(Refused) as error:  # then the source must be named
        client.call("ReEncrypt", destination_key_id="alias/F", dry_run=True, dry_run_modifiers=ignore)
    assert error.value.code == "ValidationException"
    with pytest.raises(Refused) as error:  # and it must be a dry run
        client.call("ReEncrypt", source_key_id="alias/E", destination_key_id="alias/F", dry_run_modifiers=ignore)
    assert error.value.code == "ValidationException"


@pytest.mark.parametrize("members", [
    {"destination_key_id": "x" * 2049}, {"destination_key_id": ""}, {"destination_key_id": "alias/F", "source_key_id": ""},
    {"destination_key_id": "alias/F", "grant_tokens": ["t"] * 11}, {"destination_key_id": "alias/F", "grant_tokens": ["t" * 8193]},
    {"destination_key_id": "alias/F", "grant_tokens": [""]}, {},
], ids=["long", "empty", "empty source", "11 tokens", "long token", "empty token", "no destination"])
def test_validation(client, members):
    blob = c.encrypt(client, "alias/E", b"text")
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", ciphertext_blob=blob, **members)
    assert error.value.code == "ValidationException"
    assert re.match(r"1 validation error detected: Value (\S+ )?at '.*' failed to satisfy constraint: Member must ", error.value.message)


def test_no_destination_has_the_text_of_aws(client):
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", ciphertext_blob=b"x")
    assert error.value.message == \
        "1 validation error detected: Value null at 'destinationKeyId' failed to satisfy constraint: Member must not be null"


def test_two_clauses_in_one_message(client):
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt")
    assert error.value.message.startswith("2 validation errors detected: ")


# ---------------------------------------------------------------- every length
def pattern(length):
    """Bytes that tell where they were, with zeros at the end, where a token that pads would lose the length."""
    return (bytes(i * 7 % 251 for i in range(length)))[: max(0, length - 3)] + bytes(min(3, length))


def test_lengths_come_back(client):
    """Short ones, and of the others every remainder of 8; tests/unit/hsm/test_lengths.c has every length."""
    lengths = [*range(1, 521), *range(521, 4065, 13), *range(4065, 4097)]
    blobs = [answer.ciphertext_blob for answer in client.call_all(("Encrypt", {"key_id": "alias/E", "plaintext": pattern(n)}) for n in lengths)]
    moved = client.call_all(("ReEncrypt", {"ciphertext_blob": blob, "destination_key_id": "alias/F"}) for blob in blobs)
    back = client.call_all(("Decrypt", {"ciphertext_blob": answer.ciphertext_blob}) for answer in moved)
    wrong = [n for n, answer in zip(lengths, back) if isinstance(answer, Refused) or answer.plaintext != pattern(n)]
    assert not wrong


def test_length_limits(client):
    for plaintext in (b"", bytes(4097)):
        with pytest.raises(Refused) as error:
            c.encrypt(client, "alias/E", plaintext)
        assert error.value.code == "ValidationException"
