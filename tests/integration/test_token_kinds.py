"""Instances on another token than SoftHSM: NSS softokn, at level sensitive; and what the probe says of tokens."""
import json
import os
import subprocess

import pytest

import client as c
import rewrap_pb2 as pb
from client import Refused
from instance import Instance, wait_for

SHA_256 = pb.EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256
NSS_MAX_BYTES = 256  # what NSS softokn 3.87 unwraps


@pytest.fixture(scope="module")
def instance():
    made = Instance(token="nss", spares=6, rsa=1)
    yield made
    made.remove()


def re_encrypt(client, blob, to, **members):
    return c.re_encrypt(client, blob, to.key_id, **members).ciphertext_blob


def outside(client, key, plaintext):
    return c.outside(client.call("GetPublicKey", key_id=key.key_id).public_key, plaintext, "sha256")


def test_every_sealed_key_shows_the_level(client, keys):
    for name in "abs":
        assert client.call("DescribeKey", key_id=keys[name].key_id).key_metadata.protection_level == pb.ProtectionLevel.Value.Value("sensitive")


@pytest.mark.parametrize("length", [1, 7, 8, 9, 13, 255, 256])
def test_lengths_are_kept(client, keys, length):
    plaintext = bytes(range(1, 256)) * 2
    blob = c.encrypt(client, keys["O"].key_id, plaintext[:length])
    assert c.decrypt(client, blob) == plaintext[:length]
    for name in "ab":
        blob = re_encrypt(client, blob, keys[name])
    with pytest.raises(Refused) as error:  # nothing that is sealed comes out, though the token would let it
        re_encrypt(client, blob, keys["O"])
    assert error.value.code == "UnsupportedOperationException"


def test_what_could_not_come_back_is_not_made(client, keys):
    for call in (lambda: c.encrypt(client, keys["O"].key_id, b"x" * (NSS_MAX_BYTES + 1)),
                 lambda: client.call("GenerateDataKey", key_id=keys["O"].key_id, number_of_bytes=NSS_MAX_BYTES + 1)):
        with pytest.raises(Refused) as error:
            call()
        assert error.value.code == "ValidationException"


@pytest.mark.parametrize("length", [1, 13, 190])
def test_oaep_with_sha_256(client, keys, length):
    plaintext = b"p" * length
    blob = outside(client, keys["P"], plaintext)
    moved = re_encrypt(client, blob, keys["O"], source_key_id=keys["P"].key_id, source_encryption_algorithm=SHA_256)
    assert c.decrypt(client, moved) == plaintext
    back = re_encrypt(client, moved, keys["P"], destination_encryption_algorithm=SHA_256)
    assert client.call("Decrypt", ciphertext_blob=back, key_id=keys["P"].key_id, encryption_algorithm=SHA_256).plaintext == plaintext
    sealed = outside(client, keys["s"], plaintext)
    sealed = re_encrypt(client, sealed, keys["a"], source_key_id=keys["s"].key_id, source_encryption_algorithm=SHA_256)
    re_encrypt(client, sealed, keys["b"])


def test_the_probe_through_the_environment(instance):
    probed = instance.ctl("token", "probe", "--output", "json")
    document = json.loads(probed.stdout)
    assert (probed.returncode, document["Level"], document["Servable"]) == (255, "sensitive", False)
    assert "sealed is required" in probed.stderr
    assert instance.ctl("token", "probe", "--require", "sensitive").returncode == 0


def test_it_is_served_only_when_asked_for():
    made = Instance(token="nss", spares=1)
    try:
        made.stop()
        made.configure("token main", require="sealed")
        started = made.run("start", check=False)
        assert started.returncode != 0 and "left with status 78" in started.stderr, started.stderr
        made.configure("token main", require="sensitive")
        other = made.run("start", "--token", "softhsm", check=False)
        assert other.returncode != 0 and "--token nss" in other.stderr, other.stderr
        made.start()
        assert "level sensitive" in made.log
    finally:
        made.remove()


def test_token_probe_on_softhsm(fresh_instance, tmp_path):
    probed = fresh_instance.ctl("token", "probe", "--output", "json")
    assert probed.returncode == 0, probed.stderr
    document = json.loads(probed.stdout)
    assert (document["Level"], document["LevelReason"], document["Servable"]) == ("sealed", None, True)
    assert document["Profile"]["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1"]
    assert {row["Counts"] for row in document["Trials"] if row["Subject"].startswith("CKA_")} == {"good"}
    assert len(document["Mechanisms"]) == document["MechanismCount"]
    for output in ("text", "table"):
        shown = fresh_instance.ctl("token", "probe", "--output", output)
        assert shown.returncode == 0 and all(row["Found"] in shown.stdout for row in document["Trials"])
    wrong = tmp_path / "pin"
    wrong.write_text("not the PIN")
    wrong.chmod(0o600)
    for code, says, arguments in ((252, "sealed or sensitive", ("--require", "open")), (252, "is not an option", ("--frob",)),
                                  (253, "tried once: the PIN is wrong", ("--pin-file", str(wrong))),
                                  (253, "probe: pkcs11:token=nobody: no token matches the URI\n", ("--token-uri", "pkcs11:token=nobody")),
                                  (253, "probe: module /nonexistent.so: ", ("--module", "/nonexistent.so")),
                                  (253, "No such file or directory", ("--module", "/nonexistent.so"))):
        refused = fresh_instance.ctl("token", "probe", *arguments)
        assert (refused.returncode, says in refused.stderr) == (code, True), refused.stderr


def test_a_remote_token_of_p11_kit_is_told_of(fresh_instance, tmp_path):
    """Its protocol carries no AES key wrap: the probe says so, and nothing crashes, leaks or stays."""
    address = tmp_path / "p11"
    server = subprocess.Popen(["p11-kit", "server", "-f", "-n", str(address), "--provider", fresh_instance.env["REWRAP_MODULE"],
                               fresh_instance.env["REWRAP_TOKEN_URI"]], env={**os.environ, **fresh_instance.env},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address.exists, "the server's socket")
        probed = fresh_instance.ctl("token", "probe", "--output", "json", "--require", "sensitive", env={
            "P11_KIT_SERVER_ADDRESS": f"unix:path={address}", "REWRAP_MODULE": "p11-kit-client.so"})
        document = json.loads(probed.stdout)
        assert (probed.returncode, document["Level"], document["Profile"]) == (255, None, None), probed.stderr
        assert [row["Subject"] for row in document["Trials"] if row["Counts"] == "against"] == ["KWP"]
        assert [quirk["Name"] for quirk in document["KnownQuirks"] if quirk["Name"].startswith("remote")] == ["remote-mechanisms"]
    finally:
        server.terminate()
        server.wait(30)
