"""rewrapctl policy simulate: what is decided, against a second opinion (policy_model.py) and the manual; what a document may look like."""
import collections
import json
import os
import re

import pytest

import policy_model
import random_cases
from instance import ROOT
from policy_command import ALICE, DELEGATING, KEY, NOTHING, document, grant, run, simulate

CASES = 6000
SEED = int(os.environ.get("REWRAP_POLICY_SEED", "20270501"))


# ---------------------------------------------------------------- a second opinion
LACKING = {"keyPolicy": "because no resource-based policy allows the {} action", "identityPolicy": "because no identity-based policy allows the {} action"}
DENYING = {"keyPolicy": "with an explicit deny in a resource-based policy", "identityPolicy": "with an explicit deny in an identity-based policy"}


def difference(document, answer):
    """What is wrong with an answer, or None."""
    if "error" in answer:
        return "an error"
    decision, source, found = policy_model.decide(document)
    matched = {(match["source"], match["name"], match["index"]) for match in answer["matched"]}
    if answer["decision"] != decision:
        return f"must be {decision}"
    if decision == "Allowed":
        allows = [one for one in found if one[3] == "Allow"]
        if not matched <= {one[:3] for one in allows}:
            return "something that does not match is named"
        if policy_model.conclude(document, [one for one in allows if one[:3] in matched])[0] != "Allowed":
            return "what is named does not suffice"
        return None
    if answer["reason"] != (DENYING if decision == "ExplicitlyDenied" else LACKING)[source].format(document["request"]["action"]):
        return f"the reason is another: {source}"
    denies = {one[:3] for one in found if one[3] == "Deny"}
    return None if matched == denies else f"what denies is {denies}"


def test_random_documents():
    documents = random_cases.make(SEED, CASES)
    answers = simulate(documents)
    assert len(answers) == CASES
    for number, (document, answer) in enumerate(zip(documents, answers)):
        wrong = difference(document, answer)
        assert wrong is None, f"{wrong}\nseed {SEED}, number {number}\n{json.dumps(document)}\n{json.dumps(answer)}"
    # A comparison says something when every outcome is frequent.
    decisions = collections.Counter(answer["decision"] for answer in answers)
    reasons = collections.Counter(answer["reason"].split(" the kms")[0] for answer in answers)
    assert min(decisions.values()) > CASES / 20, decisions
    assert len([reason for reason, count in reasons.items() if count > CASES / 400]) >= 8, reasons


# ---------------------------------------------------------------- the manual
def blocks(first, second):
    with open(os.path.join(ROOT, "docs", "policy.md"), encoding="utf-8") as file:
        found = re.findall(rf"^```{first}\n(.*?)^```\n```{second}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    assert found
    return found


def test_examples_of_the_manual():
    examples = blocks("json request", "json answer")
    assert len(examples) >= 7
    done = run("simulate", "--input", "-", given="".join(request for request, _ in examples))  # over several lines, as they stand
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [json.loads(answer) for _, answer in examples]
    for request, answer in examples:  # and each is right
        assert difference(json.loads(request), json.loads(answer)) is None


def test_lint_example_of_the_manual():
    [(policy, findings)] = blocks("json policy", "text findings")
    done = run("lint", "--policy", "-", given=policy)
    assert (done.returncode, done.stdout, done.stderr) == (1, findings, "")


# ---------------------------------------------------------------- what a simulator may send
def allowing(**condition):
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}}


def decision(given):
    [answer] = simulate([given])
    return answer["decision"]


def test_the_shape_of_answers():
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    grant = {"KeyId": KEY, "GrantId": "g", "GranteePrincipal": ALICE, "Operations": ["ReEncryptFrom"]}
    done = run("simulate", "--input", "-", given=json.dumps(document(keyPolicy=DELEGATING, identityPolicies=[{"name": "päy \"roll\"", "policy": policy}], grants=[grant])))
    assert done.stdout.count("\n") == 1
    answer = json.loads(done.stdout)
    assert list(answer) == ["decision", "reason", "matched"]
    assert answer["decision"] == "Allowed"
    assert answer["matched"] == [{"source": "keyPolicy", "name": "default", "sid": "Owner", "index": 0},
                                 {"source": "identityPolicy", "name": "päy \"roll\"", "sid": None, "index": 0},
                                 {"source": "grant", "name": "g", "sid": None, "index": 0}]
    assert list(answer["matched"][0]) == ["source", "name", "sid", "index"]


@pytest.mark.parametrize("value, wanted", [(["x"], "x"), ("x", "x"), (True, "true"), (["true"], True), (20, "20"), (20.0, "20"), ([1.5], 1.5), ("1.50", "1.50"),
                                           (1234567890123, 1234567890123), (100000.0, 100000), (0, "0"), (["", ""][:1], "")])
def test_values_of_the_context(value, wanted):
    assert decision(document(context={"aws:x": value}, keyPolicy=allowing(StringEquals={"aws:x": wanted}))) == "Allowed"


@pytest.mark.parametrize("value", [[], None])
def test_a_key_without_values_is_not_there(value):
    assert decision(document(context={"kms:CallerAccount": value}, keyPolicy=allowing(Null={"kms:CallerAccount": "true"}))) == "Allowed"


def test_several_values():
    assert decision(document(context={"aws:TagKeys": ["a", "b"]}, keyPolicy=allowing(**{"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}))) == "Allowed"


@pytest.mark.parametrize("members", [{}, {"keyPolicy": None}, {"keyPolicy": None, "identityPolicies": None, "grants": None}, {"identityPolicies": [], "grants": []},
                                     {"id": 7, "expected": "Allowed"}])
def test_members_that_are_not_there(members):
    assert simulate([document(**members), document(context={}, **members)]) == [NOTHING, NOTHING]


def test_a_policy_as_a_string():
    identity = {"name": "p", "policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]})}
    assert decision(document(keyPolicy=json.dumps(DELEGATING, indent=2), identityPolicies=[identity])) == "Allowed"


PRINCIPALS = [("arn:aws:iam::111122223333:root", "111122223333", "Account"), (ALICE, "111122223333", "User"),
              ("arn:aws:iam::111122223333:role/path/Batch", "111122223333", "AssumedRole"),
              ("arn:aws:sts::111122223333:assumed-role/Batch/s", "111122223333", "AssumedRole"),
              ("arn:aws-cn:sts::444455556666:federated-user/Carol", "444455556666", "FederatedUser")]


@pytest.mark.parametrize("principal, account, kind", PRINCIPALS)
def test_keys_of_the_principal(principal, account, kind):
    key = KEY.replace("111122223333", account)
    arn = principal.replace("sts", "iam").replace("assumed-role/Batch/s", "role/Batch")
    arn = principal if kind == "FederatedUser" else arn
    holds = {"StringEquals": {"kms:CallerAccount": account, "aws:PrincipalAccount": account, "aws:PrincipalType": kind, "aws:PrincipalArn": arn},
             "Bool": {"aws:PrincipalIsAWSService": "false"}}
    assert decision(document(principal, resource=key, keyPolicy=allowing(**holds))) == "Allowed"
    # The context has the last word.
    assert decision(document(principal, resource=key, context={"KMS:CALLERACCOUNT": "777788889999"}, keyPolicy=allowing(**holds))) == "ImplicitlyDenied"


def test_a_service():
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}}
    assert decision(document("logs.amazonaws.com", keyPolicy=policy)) == "Allowed"
    assert decision(document("logs.amazonaws.com", resource="*", keyPolicy=policy)) == "ImplicitlyDenied"
    root = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}
    assert decision(document("logs.amazonaws.com", resource="*", identityPolicies=[{"name": "all", "policy": root}])) == "ImplicitlyDenied"
    assert decision(document("ec2.amazonaws.com", keyPolicy=policy)) == "ImplicitlyDenied"
    assert decision(document("ec2.amazonaws.com", keyPolicy=allowing(Bool={"aws:PrincipalIsAWSService": "true"}))) == "Allowed"


def test_the_role_of_a_session():
    role, session = "arn:aws:iam::111122223333:role/path/Batch", "arn:aws:sts::111122223333:assumed-role/Batch/s"
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "kms:*", "Resource": "*"}}
    plain = document(session, keyPolicy=policy)
    told = document(session, keyPolicy=policy)
    told["request"]["role"] = role
    assert [answer["decision"] for answer in simulate([plain, told, document(session, context={"aws:PrincipalArn": [role]}, keyPolicy=policy)])] == \
        ["ImplicitlyDenied", "Allowed", "Allowed"]
    # Of another role's ARN it is nothing but a condition key.
    assert decision(document(session, context={"aws:PrincipalArn": role.replace("Batch", "Other")}, keyPolicy=policy)) == "ImplicitlyDenied"


A_B = {"kms:EncryptionContext:a": ["b"], "kms:EncryptionContextKeys": ["a"]}


@pytest.mark.parametrize("change, context, allowed", [
    ({}, {}, True), ({"KeyId": KEY[:-1] + "2"}, {}, False), ({"KeyId": KEY.split("/")[1]}, {}, True), ({"KeyId": None}, {}, True),
    ({"KeyId": KEY.replace("eu-central-1", "eu-west-1")}, {}, False), ({"Operations": ["ReEncryptTo"]}, {}, False), ({"Operations": []}, {}, False),
    ({"GranteePrincipal": None, "GranteeServicePrincipal": "logs.amazonaws.com"}, {}, False), ({"Constraints": None}, {}, True),
    ({"Constraints": {}}, A_B, True), ({"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, A_B, True),
    ({"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, {}, False), ({"Constraints": {"EncryptionContextSubset": {"A": "b"}}}, A_B, False),
    ({"Constraints": {"EncryptionContextEquals": {"a": "b"}}}, A_B, True), ({"Constraints": {"EncryptionContextEquals": {"a": "b", "c": "d"}}}, A_B, False),
    ({"Constraints": {"EncryptionContextEquals": {}}}, A_B, False), ({"Constraints": {"SourceArn": "arn:aws:s3:::b"}}, {"aws:SourceArn": "arn:aws:s3:::b"}, True),
    ({"Constraints": {"SourceArn": "arn:aws:s3:::b"}}, {}, False)])
def test_grants(change, context, allowed):
    others = [grant(GranteePrincipal="arn:aws:iam::111122223333:user/bob"), grant(KeyId=KEY[:-1] + "9")]
    [answer] = simulate([document(context=context, grants=others + [grant(**change)])])
    assert answer["decision"] == ("Allowed" if allowed else "ImplicitlyDenied")
    assert answer["matched"] == ([{"source": "grant", "name": "g", "sid": None, "index": 2}] if allowed else [])


@pytest.mark.parametrize("change, place", [
    ({"Constraints": {"encryptionContextSubset": {"a": "b"}}}, "grants[0].Constraints.encryptionContextSubset"),
    ({"Constraints": {"SourceAccount": "111122223333"}}, "grants[0].Constraints.SourceAccount"),
    ({"constraints": {"EncryptionContextSubset": {"a": "b"}}}, "grants[0].constraints")])
def test_a_constraint_is_not_passed_over(change, place):
    [answer] = simulate([document(grants=[grant(**change)])], status=1)
    assert (answer["error"]["code"], answer["error"]["place"]) == ("ValidationException", place)


def test_many_matches():
    [answer] = simulate([document(grants=[grant(GrantId=f"g{i}") for i in range(200)])])
    assert [match["index"] for match in answer["matched"]] == list(range(200))
    assert answer["matched"][199]["name"] == "g199"
