"""Grants across accounts, over sockets and on a real token (KMS.md section 7; R-161 rows 37 and 38)."""
import json
import os
import signal

import pytest

import rewrap_pb2 as pb
from client import create_key, decrypt, encrypt, pages, re_encrypt, refusal
from instance import wait_for
from recorder import Recorder

ACCOUNT, OTHER = "111122223333", "444455556666"
ALICE, BOB = f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:iam::{OTHER}:user/bob"
ROOT, ROOT2 = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
CIPHERTEXT_TEXT = ("The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                   "or you are not allowed to access.")


def operations(*names):
    return [pb.GrantOperation.Value.Value(name) for name in names]


def grant(client, key, grantee, *names, equals=None, subset=None, **members):
    constraints = {}
    if equals is not None:
        constraints["encryption_context_equals"] = equals
    if subset is not None:
        constraints["encryption_context_subset"] = subset
    if constraints:
        members["constraints"] = pb.GrantConstraints(**constraints)
    return client.call("CreateGrant", key_id=key.arn, grantee_principal=grantee, operations=operations(*names), **members)


def foreign(principal, action):
    return (f"User: {principal} is not authorized to perform: {action} on this resource because the resource does not exist in this "
            "Region, no resource-based policies allow access, or a resource-based policy explicitly denies access")


def test_row_37_a_grant_with_a_constraint_and_a_context_without_the_pair(root, bob):
    source, destination = create_key(root, boundary="OPEN"), create_key(root, boundary="OPEN")
    context = {"team": "x", "more": "y"}
    with_pair = encrypt(root, source.key_id, b"kept", context)
    without = encrypt(root, source.key_id, b"kept", {"team": "z"})
    denied = "AccessDeniedException"
    assert refusal(bob, "ReEncrypt", ciphertext_blob=with_pair, destination_key_id=destination.arn,
                   source_encryption_context=context) == (denied, CIPHERTEXT_TEXT)
    grant(root, source, BOB, "ReEncryptFrom", subset={"team": "x"})
    # One side alone is not enough.
    assert refusal(bob, "ReEncrypt", ciphertext_blob=with_pair, destination_key_id=destination.arn,
                   source_encryption_context=context) == (denied, foreign(BOB, "kms:ReEncryptTo"))
    made = grant(root, destination, BOB, "ReEncryptTo", equals={"for": "bob"})
    answer = re_encrypt(bob, with_pair, destination.arn, context, {"for": "bob"})
    assert (answer.source_key_id, answer.key_id) == (source.arn, destination.arn)
    assert decrypt(root, answer.ciphertext_blob, {"for": "bob"}) == b"kept"
    # The token of a grant is taken and changes nothing; the key may be named too, also by its id alone.
    for name in (source.arn, source.key_id):
        re_encrypt(bob, with_pair, destination.arn, context, {"for": "bob"}, source_key_id=name, grant_tokens=[made.grant_token])

    for wrong in ({"team": "z"}, {}, {"Team": "x"}):
        assert refusal(bob, "ReEncrypt", ciphertext_blob=without, destination_key_id=destination.arn, source_encryption_context=wrong,
                       destination_encryption_context={"for": "bob"}) == (denied, CIPHERTEXT_TEXT)
        assert refusal(bob, "ReEncrypt", ciphertext_blob=without, source_key_id=source.arn, destination_key_id=destination.arn,
                       source_encryption_context=wrong,
                       destination_encryption_context={"for": "bob"}) == (denied, foreign(BOB, "kms:ReEncryptFrom"))
    for wrong in ({}, {"for": "bob", "and": "more"}, {"for": "Bob"}):
        assert refusal(bob, "ReEncrypt", ciphertext_blob=with_pair, destination_key_id=destination.arn, source_encryption_context=context,
                       destination_encryption_context=wrong) == (denied, foreign(BOB, "kms:ReEncryptTo"))
    # The grants are for ReEncrypt, and for nothing else.
    assert refusal(bob, "Decrypt", ciphertext_blob=with_pair, encryption_context=context) == (denied, CIPHERTEXT_TEXT)
    assert refusal(bob, "Encrypt", key_id=destination.arn, plaintext=b"x", encryption_context={"for": "bob"}) == (
        denied, foreign(BOB, "kms:Encrypt"))
    root.call("RevokeGrant", key_id=destination.key_id, grant_id=made.grant_id)
    assert refusal(bob, "ReEncrypt", ciphertext_blob=with_pair, destination_key_id=destination.arn, source_encryption_context=context,
                   destination_encryption_context={"for": "bob"}, grant_tokens=[made.grant_token]) == (
        denied, foreign(BOB, "kms:ReEncryptTo"))


def test_row_38_an_explicit_deny_beats_a_grant(root, alice):
    source, destination = create_key(root, boundary="OPEN"), create_key(root, boundary="OPEN")
    blob = encrypt(root, source.key_id, b"kept")
    for key in (source, destination):
        grant(root, key, ALICE, "ReEncryptFrom", "ReEncryptTo")
    assert re_encrypt(alice, blob, destination.arn).key_id == destination.arn
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": {"AWS": ALICE}, "Action": "kms:ReEncrypt*", "Resource": "*"}]}
    text = "User: {} is not authorized to perform: {} on resource: {} with an explicit deny in a resource-based policy"
    root.call("PutKeyPolicy", key_id=destination.key_id, policy=json.dumps(policy))
    assert refusal(alice, "ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.arn) == (
        "AccessDeniedException", text.format(ALICE, "kms:ReEncryptTo", destination.arn))
    root.call("PutKeyPolicy", key_id=source.key_id, policy=json.dumps(policy))
    assert refusal(alice, "ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.arn) == (
        "AccessDeniedException", text.format(ALICE, "kms:ReEncryptFrom", source.arn))
    assert refusal(alice, "ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.arn, dry_run=True) == (
        "AccessDeniedException", text.format(ALICE, "kms:ReEncryptFrom", source.arn))


def test_the_two_sides_may_be_of_two_accounts(instance, root, alice):
    """R-22, R-120: each owner grants on his own key; the caller has nothing else."""
    with instance.client("root2") as root2:
        source, destination = create_key(root, boundary="OPEN"), create_key(root2, boundary="OPEN")
        grant(root, source, ALICE, "ReEncryptFrom")
        made = grant(root2, destination, ALICE, "ReEncryptTo", "RetireGrant")
        answer = re_encrypt(alice, encrypt(root, source.key_id, b"kept"), destination.arn)
        assert decrypt(root2, answer.ciphertext_blob) == b"kept"
        (entry,) = root2.call("ListGrants", key_id=destination.key_id).grants
        assert (entry.grantee_principal, entry.issuing_account, entry.key_id) == (ALICE, ROOT2, destination.arn)
        alice.call("RetireGrant", key_id=destination.arn, grant_id=made.grant_id)
        assert not root2.call("ListGrants", key_id=destination.key_id).grants


def test_a_child_across_accounts(root, bob, alice):
    """R-123: bob hands on what he was given, and no more."""
    key = create_key(root, boundary="OPEN")
    grant(root, key, BOB, "Encrypt", "CreateGrant", subset={"team": "x"})
    assert refusal(bob, "CreateGrant", key_id=key.arn, grantee_principal=ALICE, operations=operations("Encrypt")) == (
        "AccessDeniedException", foreign(BOB, "kms:CreateGrant"))
    child = grant(bob, key, ALICE, "Encrypt", subset={"team": "x", "and": "more"})
    encrypt(alice, key.arn, b"x", {"team": "x", "and": "more"})
    assert refusal(alice, "Encrypt", key_id=key.arn, plaintext=b"x", encryption_context={"team": "x"})[0] == "AccessDeniedException"
    entry = [one for one in root.call("ListGrants", key_id=key.arn).grants if one.grant_id == child.grant_id][0]
    assert entry.issuing_account == ROOT2


def test_on_the_command_line(instance):
    def ctl(*arguments):
        done = instance.ctl(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    key = ctl("create-key")["KeyMetadata"]
    members = {"KeyId": key["KeyId"], "GranteePrincipal": BOB, "RetiringPrincipal": BOB, "Operations": ["ReEncryptFrom", "DescribeKey"],
               "Constraints": {"EncryptionContextSubset": {"team": "x"}}, "Name": "n"}
    made = ctl("create-grant", "--cli-input-json", json.dumps(members))
    again = ctl("create-grant", "--cli-input-json", json.dumps(members))
    assert made["GrantId"] == again["GrantId"] and made["GrantToken"] != again["GrantToken"]
    (entry,) = ctl("list-grants", "--key-id", key["KeyId"])["Grants"]
    assert entry.pop("CreationDate")
    assert entry == {"KeyId": key["Arn"], "GrantId": made["GrantId"], "Name": "n", "GranteePrincipal": BOB, "RetiringPrincipal": BOB,
                     "IssuingAccount": ROOT, "Operations": members["Operations"], "Constraints": members["Constraints"]}
    with instance.client("root2") as root2:
        (entry,) = root2.call("ListRetirableGrants", retiring_principal=BOB).grants
        assert entry.grant_id == made["GrantId"]
    ctl("retire-grant", "--grant-token", again["GrantToken"])
    assert ctl("list-grants", "--key-id", key["KeyId"])["Grants"] == []


class Grants(Recorder):
    """Makes grants on one key, and takes every third away."""

    def __init__(self, instance, key):
        super().__init__(instance)
        self.key = key
        self.made, self.ended, self.asked_to_end = [], [], []

    def record(self):
        for number in range(5000):
            self.made.append(grant(self.connection, self.key, BOB, "DescribeKey", name=f"n{number}").grant_id)
            if number % 3 == 0:
                self.asked_to_end.append(self.made[-1])
                self.connection.call("RevokeGrant", key_id=self.key.key_id, grant_id=self.made[-1])
                self.ended.append(self.made[-1])


@pytest.mark.parametrize("answered_first", [1, 60])
def test_killing_the_daemon_loses_nothing_that_was_answered(fresh_instance, answered_first):
    instance = fresh_instance
    with instance.client() as connection:
        keys = [create_key(connection) for _ in range(3)]
    recorders = [Grants(instance, key) for key in keys]
    for recorder in recorders:
        recorder.start()
    wait_for(lambda: sum(len(one.made) for one in recorders) >= answered_first, "some grants")
    os.kill(instance.pid, signal.SIGKILL)
    for recorder in recorders:
        recorder.finish()
    instance.start()
    with instance.client() as connection, instance.client("bob") as bob:
        for recorder in recorders:
            there = {entry.grant_id for entry in pages(connection, "ListGrants", "grants", key_id=recorder.key.key_id)}
            assert not there & set(recorder.ended)
            assert set(recorder.made) - set(recorder.asked_to_end) <= there
            # At most what was under way, of which nobody knows: one more that was made, one more that was ended.
            assert len(there - set(recorder.made)) <= 1
            if there:
                assert bob.call("DescribeKey", key_id=recorder.key.arn).key_metadata.arn == recorder.key.arn
