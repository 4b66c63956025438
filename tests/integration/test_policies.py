"""Key policies and identity policies through real sockets: within an account and across accounts, and over a kill -9."""
import json
import os
import signal

import pytest

import client as c
from client import Closed, refusal
from instance import wait_for

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT, ROOT2 = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
ALICE, BOB = f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:iam::{OTHER}:user/bob"
DENIED, MALFORMED = "AccessDeniedException", "MalformedPolicyDocumentException"


def statement(effect, principal, *actions, **more):
    return {"Effect": effect, "Principal": {"AWS": principal} if principal != "*" else "*", "Action": list(actions),
            "Resource": "*", **more}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)


MANAGED = statement("Allow", ROOT, "kms:*")


def lacks(who, action, arn, kind):
    return DENIED, (f"User: {who} is not authorized to perform: {action} on resource: {arn} because no {kind}-based policy "
                    f"allows the {action} action")


def foreign(who, action):
    return DENIED, (f"User: {who} is not authorized to perform: {action} on this resource because the resource does not exist in this "
                    "Region, no resource-based policies allow access, or a resource-based policy explicitly denies access")


def give(connection, user, *actions, effect="Allow", name="given", **more):
    connection.call("PutUserPolicy", user_name=user, policy_name=name, policy_document=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": list(actions), "Resource": "*", **more}}))


@pytest.fixture(scope="module")
def people(instance):
    """Everybody's connection; alice and bob are users without a policy."""
    with instance.client() as root, instance.client("alice") as alice, instance.client("root2") as root2, instance.client("bob") as bob:
        root.call("CreateUser", user_name="alice")
        root2.call("CreateUser", user_name="bob")
        yield root, alice, root2, bob


@pytest.fixture
def keys(people):
    """E and F of the first account and a ciphertext under E, as in R-161."""
    root = people[0]
    source, destination = c.create_key(root), c.create_key(root)
    return source, destination, c.encrypt(root, source.arn, b"kept", {"team": "x"})


def move(blob, destination, **members):
    return {"ciphertext_blob": blob, "destination_key_id": destination.arn, "source_encryption_context": {"team": "x"}, **members}


def test_rows_27_and_28_each_side_for_itself(people, keys):
    root, alice, _, _ = people
    source, destination, blob = keys
    wish = move(blob, destination)
    assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptFrom", source.arn, "identity")
    root.call("PutKeyPolicy", key_id=source.arn, policy=policy(MANAGED, statement("Allow", ALICE, "kms:ReEncryptFrom")))
    assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptTo", destination.arn, "identity")
    assert refusal(alice, "ReEncrypt", **wish, dry_run=True) == lacks(ALICE, "kms:ReEncryptTo", destination.arn, "identity")
    root.call("PutKeyPolicy", key_id=destination.arn, policy=policy(MANAGED, statement("Allow", ALICE, "kms:ReEncryptTo")))
    answer = alice.call("ReEncrypt", **wish)
    assert (answer.source_key_id, answer.key_id) == (source.arn, destination.arn)
    root.call("DisableKey", key_id=destination.key_id)
    root.call("PutKeyPolicy", key_id=destination.arn, policy=policy(MANAGED))  # permission is said before state
    assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptTo", destination.arn, "identity")


def test_row_34_the_same_key(people, keys):
    root, alice, _, _ = people
    source, destination, blob = keys
    same = statement("Allow", ALICE, "kms:ReEncrypt*", Condition={"Bool": {"kms:ReEncryptOnSameKey": "true"}})
    for key in (source, destination):
        root.call("PutKeyPolicy", key_id=key.arn, policy=policy(MANAGED, same))
    assert refusal(alice, "ReEncrypt", **move(blob, destination)) == lacks(ALICE, "kms:ReEncryptFrom", source.arn, "identity")
    alice.call("ReEncrypt", **move(blob, source, destination_encryption_context={"team": "y"}))


def test_an_identity_policy_with_the_context_as_its_condition(people, keys):
    root, alice, _, _ = people
    source, destination, blob = keys
    give(root, "alice", "kms:ReEncryptFrom", name="from", Condition={"StringEquals": {"kms:EncryptionContext:team": "x"}})
    give(root, "alice", "kms:ReEncryptTo", name="to", Condition={"StringEquals": {"kms:EncryptionContext:team": "y"}})
    try:
        wish = move(blob, destination)
        assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptTo", destination.arn, "identity")
        alice.call("ReEncrypt", **wish, destination_encryption_context={"team": "y"})
        other = c.encrypt(root, source.arn, b"kept", {"team": "z"})
        wish = move(other, destination, source_encryption_context={"team": "z"})
        assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptFrom", source.arn, "identity")
    finally:
        for name in ("from", "to"):
            root.call("DeleteUserPolicy", user_name="alice", policy_name=name)
    assert refusal(alice, "ReEncrypt", **wish) == lacks(ALICE, "kms:ReEncryptFrom", source.arn, "identity")


def test_across_accounts_both_must_allow(people, keys):
    root, _, root2, bob = people
    _, destination, _ = keys
    his = c.create_key(root2)
    blob = c.encrypt(root2, his.arn, b"his")
    wish = {"ciphertext_blob": blob, "destination_key_id": destination.arn}
    assert refusal(root2, "ReEncrypt", **wish) == foreign(ROOT2, "kms:ReEncryptTo")  # row 26
    root.call("PutKeyPolicy", key_id=destination.arn, policy=policy(MANAGED, statement("Allow", OTHER, "kms:ReEncryptTo", "kms:PutKeyPolicy")))
    root2.call("ReEncrypt", **wish)
    assert refusal(bob, "ReEncrypt", **wish) == lacks(BOB, "kms:ReEncryptFrom", his.arn, "identity")
    give(root2, "bob", "kms:ReEncryptFrom")
    assert refusal(bob, "ReEncrypt", **wish) == lacks(BOB, "kms:ReEncryptTo", destination.arn, "identity")
    give(root2, "bob", "kms:ReEncrypt*")
    assert bob.call("ReEncrypt", **wish).key_id == destination.arn
    assert refusal(root2, "PutKeyPolicy", key_id=destination.arn, policy=policy(MANAGED)) == foreign(ROOT2, "kms:PutKeyPolicy")
    root.call("PutKeyPolicy", key_id=destination.arn, policy=policy(
        MANAGED, statement("Allow", OTHER, "kms:ReEncryptTo"), statement("Deny", BOB, "kms:ReEncrypt*")))
    assert refusal(bob, "ReEncrypt", **wish) == foreign(BOB, "kms:ReEncryptTo")  # not even that it is denied
    root2.call("ReEncrypt", **wish)
    root2.call("DeleteUserPolicy", user_name="bob", policy_name="given")


def test_malformed_unknown_and_locked_out(people, keys):
    root = people[0]
    key = keys[0]
    before = root.call("GetKeyPolicy", key_id=key.arn).policy
    assert '"Sid" : "Enable IAM User Permissions"' in before
    code, text = refusal(root, "PutKeyPolicy", key_id=key.arn, policy='{"Statement": [{"Effect": "allow"}]}')
    assert code == MALFORMED and "Statement[0]" in text
    code, text = refusal(root, "PutKeyPolicy", key_id=key.arn,
                         policy=policy(MANAGED, statement("Allow", f"arn:aws:iam::{ACCOUNT}:user/nobody", "kms:*")))
    assert code == MALFORMED and text.startswith("Policy contains a statement with one or more invalid principals.")
    locked = policy(statement("Allow", ALICE, "kms:*"))
    assert refusal(root, "PutKeyPolicy", key_id=key.arn, policy=locked) == (
        MALFORMED, "The new key policy will not allow you to update the key policy in the future.")
    assert root.call("GetKeyPolicy", key_id=key.arn).policy == before
    root.call("PutKeyPolicy", key_id=key.arn, policy=locked, bypass_policy_lockout_safety_check=True)
    assert refusal(root, "GetKeyPolicy", key_id=key.arn) == lacks(ROOT, "kms:GetKeyPolicy", key.arn, "resource")
    assert people[1].call("GetKeyPolicy", key_id=key.arn).policy == locked
    assert list(people[1].call("ListKeyPolicies", key_id=key.arn).policy_names) == ["default"]


def test_somebody_of_the_same_name(people, keys):
    root, alice, _, _ = people
    key = keys[0]
    text = policy(MANAGED, statement("Allow", ALICE, "kms:DescribeKey"))
    root.call("PutKeyPolicy", key_id=key.arn, policy=text)
    alice.call("DescribeKey", key_id=key.arn)
    root.call("DeleteUser", user_name="alice")
    root.call("CreateUser", user_name="alice")
    assert refusal(alice, "DescribeKey", key_id=key.arn) == lacks(ALICE, "kms:DescribeKey", key.arn, "identity")
    root.call("PutKeyPolicy", key_id=key.arn, policy=text)
    alice.call("DescribeKey", key_id=key.arn)


def test_what_was_answered_is_there_after_a_kill(fresh_instance):
    text = "\n" + policy(MANAGED, statement("Deny", ROOT, "kms:DescribeKey")) + "\t"
    with fresh_instance.client() as root:
        key = c.create_key(root)
        root.call("PutKeyPolicy", key_id=key.arn, policy=text)
        os.kill(fresh_instance.pid, signal.SIGKILL)
        with pytest.raises((Closed, ConnectionError)):
            root.call("ListKeys")
    wait_for(lambda: not fresh_instance.is_running(), "the end of the daemon")
    fresh_instance.start()
    with fresh_instance.client() as root:
        assert root.call("GetKeyPolicy", key_id=key.arn).policy == text
        code, why = refusal(root, "DescribeKey", key_id=key.arn)
        assert code == DENIED and why.endswith("with an explicit deny in a resource-based policy")
