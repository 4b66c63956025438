"""Two tokens in one daemon: each key is on one, says which, and data does not go from one to the other."""
import pytest

import client as c
import rewrap_pb2 as pb
from client import RSA_2048, Refused
from instance import Instance, wait_for



@pytest.fixture(scope="module")
def instance():
    """The token "main" of every instance, and a second one that also has one sealed RSA pair."""
    made = Instance(spares=4, second_token=True)
    try:
        made.ctl("ceremony", "add", "--key-spec", "RSA_2048", "--count", "1", env={"REWRAP_TOKEN_URI": "pkcs11:token=rewrapd-second"}, check=True)
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def keys(instance):
    """main: E open, s sealed; second: F open, t sealed."""
    with instance.client() as client:
        return {"E": c.create_key(client, boundary="OPEN"), "s": c.create_key(client),
                "F": c.create_key(client, boundary="OPEN", custom_key_store_id="second"),
                "t": c.create_key(client, custom_key_store_id="second")}


def test_each_key_says_where_it_is(client, keys):
    for name, token, store in (("E", "main", ""), ("s", "main", ""), ("F", "second", "second"), ("t", "second", "second")):
        described = client.call("DescribeKey", key_id=keys[name].key_id).key_metadata
        assert described == keys[name]
        assert (described.token, described.custom_key_store_id) == (token, store)
    assert client.call("GenerateRandom", number_of_bytes=16, custom_key_store_id="second").plaintext != \
        client.call("GenerateRandom", number_of_bytes=16).plaintext
    for operation, members in (("CreateKey", {}), ("GenerateRandom", {"number_of_bytes": 16})):
        with pytest.raises(Refused) as error:
            client.call(operation, custom_key_store_id="third", **members)
        assert (error.value.code, error.value.message) == ("CustomKeyStoreNotFoundException", "There is no token 'third' here.")


def test_both_work(client, keys):
    for name in "EF":
        assert c.decrypt(client, c.encrypt(client, keys[name].key_id, b"here", {"a": "b"}), {"a": "b"}) == b"here"
    for source, destination in ("Es", "Ft"):
        moved = client.call("ReEncrypt", ciphertext_blob=c.encrypt(client, keys[source].key_id), destination_key_id=keys[destination].key_id)
        assert moved.key_id == keys[destination].arn


@pytest.mark.parametrize("source, destination", ["EF", "FE", "st", "ts", "Et"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_data_does_not_go_from_one_to_the_other(client, keys, source, destination, dry_run):
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", ciphertext_blob=c.encrypt(client, keys[source].key_id), destination_key_id=keys[destination].key_id,
                    dry_run=dry_run)
    first, second = keys[source], keys[destination]
    assert (error.value.code, error.value.message) == (
        "UnsupportedOperationException",
        f"{first.arn} is on token {first.token} and {second.arn} on token {second.token}. Data can only be re-encrypted between keys of one token.")


def test_states_come_before_tokens(client, keys):
    off = c.create_key(client, boundary="OPEN", custom_key_store_id="second")
    client.call("DisableKey", key_id=off.key_id)
    with pytest.raises(Refused) as error:
        client.call("ReEncrypt", ciphertext_blob=c.encrypt(client, keys["E"].key_id), destination_key_id=off.key_id)
    assert (error.value.code, error.value.message) == ("DisabledException", f"{off.arn} is disabled.")


def test_each_token_has_its_own_stock(client):
    assert c.create_key(client, custom_key_store_id="second", **RSA_2048).token == "second"
    for token in ("main", "second"):
        with pytest.raises(Refused) as error:
            c.create_key(client, custom_key_store_id=token, **RSA_2048)
        assert error.value.code == "LimitExceededException"
        assert error.value.message == (f"Token {token} has no spare sealed RSA_2048 key left. The custodian adds some with `rewrapctl ceremony add "
                                       "--key-spec RSA_2048 --count N`.")


def test_workers_of_one_token_see_what_the_others_made():
    """SoftHSM loses sight of what other processes made while it made something itself: keys of one worker, and of a ceremony."""
    made = Instance(spares=2, workers=2)
    try:
        wait_for(lambda: made.log.count(" is ready") == 2, "two workers")
        opened = {"boundary": pb.BoundaryType.OPEN}
        with made.client() as client:
            answers = client.call_all([("CreateKey", {**opened, **(RSA_2048 if n % 2 else {})}) for n in range(8)])
            requests = [("Encrypt", {"key_id": answer.key_metadata.key_id, "plaintext": b"x",
                                     "encryption_algorithm": answer.key_metadata.encryption_algorithms[0]}) for answer in answers]
            assert [answer for answer in client.call_all(requests * 20) if isinstance(answer, Refused)] == []
            made.ctl("ceremony", "add", "--key-spec", "RSA_2048", "--count", "2", check=True)
            assert not any(isinstance(answer, Refused) for answer in client.call_all([("CreateKey", opened)] * 4))
            for _ in range(2):
                c.create_key(client, **RSA_2048)
    finally:
        made.remove()
