"""rewrapctl policy explain re-encrypt: the daemon says why, to whom it may (docs/policy.md)."""
import json

import pytest

from client import create_key, encrypt, refusal
from test_grants import ACCOUNT, ALICE, BOB, OTHER, grant

ALLOWED, NOT_ALLOWED, USAGE, SERVICE = 0, 1, 252, 254
DELEGATION = {"Sid": "Delegation", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
NO_TESTS = {"Sid": "NoTests", "Effect": "Deny", "Principal": "*", "Action": "kms:ReEncryptFrom", "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:env": "test"}}}
PARTNER = {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:ReEncrypt*", "Resource": "*"}


def explain(instance, *options, output="json"):
    return instance.ctl("policy", "explain", "re-encrypt", "--output", output, *options)


def answered(instance, code, *options):
    done = explain(instance, *options)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    return answer["Source"], answer["Destination"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def keys(root):
    return create_key(root, boundary="OPEN", policy=policy(DELEGATION, NO_TESTS)), create_key(root, boundary="OPEN")


def test_both_sides_are_named(instance, root, keys):
    source, destination = keys
    root.call("CreateUser", user_name="carol")
    carol = f"arn:aws:iam::{ACCOUNT}:user/carol"
    asked = ("--principal", carol, "--source-key-id", source.key_id, "--destination-key-id", destination.arn)
    before, _ = answered(instance, NOT_ALLOWED, *asked)
    assert before["Decision"] == "ImplicitlyDenied"
    assert before["Reason"] == "because no identity-based policy allows the kms:ReEncryptFrom action"
    root.call("PutUserPolicy", user_name="carol", policy_name="move", policy_document=json.dumps(
        {"Statement": {"Effect": "Allow", "Action": "kms:ReEncrypt*", "Resource": "*"}}))
    allowed, to = answered(instance, ALLOWED, *asked)
    assert (allowed["Action"], allowed["KeyArn"], allowed["Decision"]) == ("kms:ReEncryptFrom", source.arn, "Allowed")
    assert [(by["Source"], by["Name"], by["Index"]) for by in allowed["DecidedBy"]] == [("keyPolicy", "default", 0), ("identityPolicy", "move", 0)]
    assert (to["Action"], to["KeyArn"], to["Decision"]) == ("kms:ReEncryptTo", destination.arn, "Allowed")
    denied, _ = answered(instance, NOT_ALLOWED, *asked, "--source-encryption-context", "env=test")
    assert denied["Decision"] == "ExplicitlyDenied"
    assert [(by["Sid"], by["Effect"]) for by in denied["DecidedBy"]] == [("NoTests", "Deny")]
    stopped = [entry for entry in allowed["Statements"] if not entry["Matched"]]
    assert [(entry["Sid"], entry["StoppedAt"], entry["Condition"]) for entry in stopped] == [
        ("NoTests", "condition", "StringEquals kms:encryptioncontext:env")]


def test_a_ciphertext_a_grant_and_the_real_thing(instance, root, keys, tmp_path):
    source, destination = keys
    blob = encrypt(root, source.key_id, b"kept")
    (tmp_path / "blob").write_bytes(blob)
    asked = ("--principal", BOB, "--ciphertext-blob", f"fileb://{tmp_path}/blob", "--destination-key-id", destination.arn)
    with instance.client("bob") as bob:
        for key, operation, code in ((source, "ReEncryptFrom", NOT_ALLOWED), (destination, "ReEncryptTo", ALLOWED)):
            assert refusal(bob, "ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.arn)[0] == "AccessDeniedException"
            granted = grant(root, key, BOB, operation)
            sides = answered(instance, code, *asked)
            side = sides[0] if operation == "ReEncryptFrom" else sides[1]
            assert side["Decision"] == "Allowed"
            assert [(by["Source"], by["Name"]) for by in side["DecidedBy"]] == [("grant", granted.grant_id)]
        bob.call("ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.arn)


def test_text_for_people(instance, keys):
    source, destination = keys
    done = explain(instance, "--principal", ALICE, "--source-key-id", source.arn, "--destination-key-id", destination.arn, output="text")
    assert done.returncode == NOT_ALLOWED, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"kms:ReEncryptFrom on {source.arn}: ImplicitlyDenied"
    assert lines[1] == "  because no identity-based policy allows the kms:ReEncryptFrom action"
    assert "    Allow  key policy, statement 0 (Delegation): matches, and leaves it to the account's identity policies" in lines
    assert "    Deny   key policy, statement 1 (NoTests): does not match by its condition StringEquals kms:encryptioncontext:env" in lines
    assert f"kms:ReEncryptTo on {destination.arn}: ImplicitlyDenied" in lines
    assert lines[-1] == "ReEncrypt is not allowed."


def test_another_accounts_key_is_only_decided_on(instance, root):
    shared = create_key(root, boundary="OPEN", policy=policy(DELEGATION, PARTNER))
    hidden = create_key(root, boundary="OPEN")
    nowhere = hidden.arn[:-12] + "000000000000"
    with instance.client("root2") as root2:
        def sides(key):
            answer = root2.call("ExplainReEncrypt", principal=f"arn:aws:iam::{OTHER}:root",
                                request={"source_key_id": key, "destination_key_id": key, "dry_run": True, "dry_run_modifiers": [1]})
            return answer.source, answer.destination
        for side in sides(shared.arn):
            assert side.decision == "Allowed" and not side.statements and not side.decided_by
        for known, unknown in zip(sides(hidden.arn), sides(nowhere)):
            assert known.decision == "ImplicitlyDenied" and not known.statements and not known.HasField("key_arn")
            assert known == unknown


def test_only_administrators_ask(instance):
    with instance.client("alice") as alice:
        code, text = refusal(alice, "ExplainReEncrypt", principal=ALICE, request={
            "source_key_id": "alias/x", "destination_key_id": "alias/x", "dry_run": True, "dry_run_modifiers": [1]})
        assert code == "AccessDeniedException" and "rewrapd:ExplainReEncrypt" in text


def test_usage(instance):
    for words, said in (((), "what is explained is re-encrypt"), (("decrypt",), "what is explained is re-encrypt"),
                        (("re-encrypt",), "--principal is required"), (("re-encrypt", "--principal"), "expected one argument"),
                        (("re-encrypt", "--principal", ALICE, "--nonsense", "x"), "nonsense"),
                        (("re-encrypt", "--principal", ALICE, "--output", "table"), "json and text")):
        done = instance.ctl("policy", "explain", *words)
        assert done.returncode == USAGE and said in done.stderr, (words, done.stderr)
    for words in (("re-encrypt", "--help"), ("--help",), ("help",)):
        done = instance.ctl("policy", "explain", *words)
        assert done.returncode == 0 and "--principal ARN" in done.stdout, words
    done = instance.ctl("policy", "explain", "re-encrypt", "--principal", "nobody", "--source-key-id", "alias/x", "--destination-key-id", "alias/x")
    assert done.returncode == SERVICE and "InvalidArnException" in done.stderr
