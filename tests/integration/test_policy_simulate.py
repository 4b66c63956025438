"""rewrapctl policy simulate and policy lint: as scripts have them, and against a second opinion (policy_model.py)."""
import collections
import json
import os
import re
import subprocess
import threading

import pytest

import policy_model
import random_cases
from instance import BIN, ROOT

REWRAPCTL = os.path.join(BIN, "rewrapctl")
CASES = 6000
SEED = int(os.environ.get("REWRAP_POLICY_SEED", "20270501"))


def run(*arguments, given=None, **options):
    return subprocess.run([REWRAPCTL, "policy", *arguments], input=given, capture_output=True, text=True, timeout=300, **options)


def simulate(documents, status=0):
    given = "".join(json.dumps(document) + "\n" for document in documents)
    done = run("simulate", "--input", "-", given=given)
    assert (done.returncode, done.stderr) == (status, ""), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


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
ALICE = "arn:aws:iam::111122223333:user/alice"
KEY = random_cases.key("111122223333", 1)
DELEGATING = {"Version": "2012-10-17", "Statement": [{"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}
NOTHING = {"decision": "ImplicitlyDenied", "reason": "because no resource-based policy allows the kms:ReEncryptFrom action", "matched": []}


def document(principal=ALICE, action="kms:ReEncryptFrom", resource=KEY, context=None, **members):
    request = {"principal": principal, "action": action, "resource": resource}
    if context is not None:
        request["context"] = context
    return {"request": request, **members}


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


def grant(**members):
    return {"KeyId": KEY, "GrantId": "g", "Name": "", "CreationDate": 1767225600.0, "GranteePrincipal": ALICE, "IssuingAccount": "arn:aws:iam::111122223333:root",
            "Operations": ["ReEncryptFrom"], **members}


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


def test_many_matches():
    [answer] = simulate([document(grants=[grant(GrantId=f"g{i}") for i in range(200)])])
    assert [match["index"] for match in answer["matched"]] == list(range(200))
    assert answer["matched"][199]["name"] == "g199"


# ---------------------------------------------------------------- errors
def without(member):
    made = document()
    del made["request"][member]
    return made


MALFORMED = "MalformedPolicyDocumentException"
ERRORS = [
    (without("principal"), "ValidationException", "request.principal"), (without("action"), "ValidationException", "request.action"),
    (without("resource"), "ValidationException", "request.resource"), ({}, "ValidationException", "request"), ({"request": []}, "SerializationException", "request"),
    (document(principal="alice"), "ValidationException", "request.principal"), (document(principal=5), "SerializationException", "request.principal"),
    (document(action="ReEncryptFrom"), "ValidationException", "request.action"), (document(resource="key/1"), "ValidationException", "request.resource"),
    (document(resource="arn:aws:kms:eu-central-1:111122223333:nothing/1"), "ValidationException", "request.resource"),
    (document(context=[]), "SerializationException", "request.context"), (document(context={"aws:x": {}}), "SerializationException", "request.context.aws:x"),
    (document(context={"aws:x": [["a"]]}), "SerializationException", "request.context.aws:x"),
    (document(context={"aws:x": "x" * 9000}), "LimitExceededException", "request.context"),
    (document(keyPolicy=5), "SerializationException", "keyPolicy"), (document(keyPolicy="{"), MALFORMED, "keyPolicy.line 1"),
    (document(keyPolicy={}), MALFORMED, "keyPolicy"),
    (document(keyPolicy={"Statement": [{"Effect": "Alow", "Principal": "*"}]}), MALFORMED, "keyPolicy.Statement[0].Effect"),
    (document(keyPolicy=json.dumps(DELEGATING) + " " * 32768), "LimitExceededException", "keyPolicy"),
    (document(keypolicy=DELEGATING), "ValidationException", "keypolicy"), (document(identityPolicies={}), "SerializationException", "identityPolicies"),
    (document(identityPolicies=[DELEGATING]), "ValidationException", "identityPolicies[0].policy"),
    (document(identityPolicies=[{"name": "p", "policy": DELEGATING}]), MALFORMED, "identityPolicies[0].policy.Statement[0]"),
    (document(grants=[grant(Operations=None)]), "SerializationException", "grants[0].Operations"),
    (document(grants=[grant(), grant(Operations=["ReEncrypt"])]), "ValidationException", "grants[1].Operations[0]"),
    (document(grants=[grant(GranteePrincipal="")]), "ValidationException", "grants[0].GranteePrincipal"),
    (document(grants=[grant(Constraints={"EncryptionContextSubset": {"a": 1}})]), "SerializationException", "grants[0].Constraints.EncryptionContextSubset"),
    (document(grants=[grant(Constraints=[])]), "SerializationException", "grants[0].Constraints"), (document(grants=["g"]), "SerializationException", "grants[0]"),
]


@pytest.mark.parametrize("given, code, place", ERRORS)
def test_a_document_that_cannot_be_decided_on(given, code, place):
    answers = simulate([document(), given, document()], status=1)
    assert [answers[0], answers[2]] == [NOTHING, NOTHING]
    error = answers[1]["error"]
    assert list(error) == ["code", "message", "place"]
    assert (error["code"], error["place"].startswith(place)) == (code, True), error
    assert error["message"]


GOOD = json.dumps(document())
PRETTY = json.dumps(document(), indent=4)


def outcome(text):
    """Of each answer whether it was a decision."""
    done = run("simulate", "--input", "-", given=text)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == (1 if any("error" in answer for answer in answers) else 0)
    assert done.stderr == ""
    return "".join("x" if "error" in answer else "." for answer in answers)


@pytest.mark.parametrize("text, wanted", [
    ("", ""), ("\n \r\n\t\n", ""), (GOOD, "."), (GOOD + "\n" + GOOD, ".."), (GOOD + "\r\n\r\n" + GOOD + "\r\n", ".."), ("\ufeff" + GOOD, "."),
    (PRETTY, "."), (PRETTY + "\n" + PRETTY, ".."), (GOOD + "\n" + PRETTY + "\n" + GOOD, "..."), (PRETTY.replace("    ", ""), "."), (PRETTY.replace("\n", "\r\n"), "."),
    ("garbage\n" + GOOD, "x."), (GOOD + "\n[]\n5\nnull\n\"x\"\n" + GOOD, ".xxxx."), (GOOD + "\n" + GOOD[:30] + "\n" + GOOD, ".x."),
    (GOOD[:30] + "\n" + GOOD, "x."), (GOOD[:60] + "\n" + GOOD[:30] + "\n" + GOOD, "xx."), (GOOD + "\n" + GOOD[:-1] + "\n" + GOOD[:-2] + "\n" + GOOD, ".xx."),
    (GOOD + GOOD + "\n" + GOOD, "x."), (GOOD + " x\n" + GOOD, "x."), (PRETTY[:-2] + "\n" + GOOD, "x."), (PRETTY[:60] + "\n" + PRETTY, "x."),
    (PRETTY.replace(":", ";", 2) + "\n" + PRETTY, "x."), (PRETTY[:-4], "x"), ("[" * 100 + "\n" + GOOD, "x."), ('{"request":' * 100 + "\n" + GOOD, "x."),
    ('{"request":{},"request":{}}\n' + GOOD, "x."), (GOOD.replace("alice", "\\u0000") + "\n" + GOOD, "x."), (GOOD.replace("alice", "\x01") + "\n" + GOOD, "x."),
    ("\x00\n" + GOOD, "x."), ("}\n]\n" + GOOD, "xx."), ('{"a":01}\n' + GOOD, "x."), ('{"a":tru}\n' + GOOD, "x."), ("{\n" + GOOD, "x."), ("{\n{\n" + GOOD, "xx.")])
def test_documents_in_a_stream(text, wanted):
    assert outcome(text) == wanted


def test_a_line_says_where_its_fault_is():
    done = run("simulate", "--input", "-", given=f"{GOOD}\n\n{PRETTY}\n{{]\n")
    assert json.loads(done.stdout.splitlines()[2])["error"] == {"code": "SerializationException", "message": "this is not a JSON object",
                                                               "place": f"line {4 + PRETTY.count(chr(10))}"}


def test_bytes_that_are_not_utf8():
    done = subprocess.run([REWRAPCTL, "policy", "simulate", "--input", "-"], input=GOOD.replace("alice", "\xff").encode("latin-1") + b"\n" + GOOD.encode(),
                          capture_output=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert ["error" in answer for answer in answers] == [True, False]


def test_a_document_beyond_the_limit():
    padding = '{"request": "' + "x" * (33 << 20) + '"}'
    values = '{"request": [' + "0," * 1000001 + "0]}"
    done = run("simulate", "--input", "-", given=f"{padding}\n{values}\n{GOOD}\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("error", {}).get("code") for answer in answers] == ["LimitExceededException", "LimitExceededException", None]
    assert "33554432" in answers[0]["error"]["message"]


def test_a_key_with_all_its_grants():
    near = [grant(GrantId=f"{i:064x}", GranteePrincipal=f"arn:aws:iam::111122223333:user/u{i}") for i in range(49999)]
    [answer] = simulate([document(grants=near + [grant()])])
    assert answer["matched"] == [{"source": "grant", "name": "g", "sid": None, "index": 49999}]


# ---------------------------------------------------------------- as a program
def test_line_by_line_through_a_pipe():
    """Each answer comes before the next question is sent."""
    with subprocess.Popen([REWRAPCTL, "policy", "simulate", "--input", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watchdog = threading.Timer(60, process.kill)  # no answer would be waited for without end
        watchdog.start()
        for text in [GOOD, PRETTY, "garbage", GOOD]:
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert ("error" in answer) == (text == "garbage")
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 1
        watchdog.cancel()


def test_a_file(tmp_path):
    path = tmp_path / "documents"
    path.write_text(PRETTY)
    done = run("simulate", "--input", str(path))
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, NOTHING, "")
    done = run("simulate", f"--input={path}")
    assert done.returncode == 0


@pytest.mark.parametrize("arguments, status, text", [
    (["simulate"], 252, "--input is required"), (["simulate", "--input"], 252, "has no value"), (["simulate", "--input", "/nowhere"], 252, "No such file"),
    (["simulate", "--input", "/"], 255, "could not be read"), (["simulate", "--output", "json"], 252, "not an option"), (["simulate", "x"], 252, "not an option"),
    ([], 252, "subcommand is required"), (["simulat"], 252, "unknown subcommand"), (["lint"], 252, "--policy is required"),
    (["lint", "--policy", "-", "--kind", "x"], 252, "key or identity"), (["lint", "--policy", "-", "--account", "1"], 252, "12 digits"),
    (["lint", "--policy", "-", "--output", "table"], 252, "text or json"), (["lint", "--policy", "/nowhere"], 252, "No such file")])
def test_wrong_usage(arguments, status, text):
    done = run(*arguments, given="")
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr


def test_a_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([REWRAPCTL, "policy", "simulate", "--input", "-"], input=GOOD, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 255
    assert "could not be written" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["help"], ["simulate", "--help"], ["simulate", "help"], ["lint", "--help"]])
def test_help(words):
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: rewrapctl policy")


# ---------------------------------------------------------------- lint
def lint(policy, *options):
    done = run("lint", "--policy", "-", *options, given=policy if isinstance(policy, str) else json.dumps(policy))
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_lint_of_a_clean_policy():
    assert lint(DELEGATING) == (0, "")
    assert lint(DELEGATING, "--account", "111122223333", "--output", "json") == (0, '{"findings":[]}\n')
    assert lint({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}, "--kind", "identity") == (0, "")


def test_lint_of_a_policy_that_locks_out():
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "kms:Encrypt", "Resource": "*"}}
    status, out = lint(policy, "--output", "json", "--account", "111122223333")
    assert status == 1
    assert [finding["severity"] for finding in json.loads(out)["findings"]] == ["danger"]
    assert list(json.loads(out)["findings"][0]) == ["severity", "text", "place"]
    status, out = lint(policy)
    assert status == 1 and out.startswith("danger: locks everyone out")


def test_lint_of_what_is_no_policy():
    wrong = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}, {"Effect": "Allow", "Principal": {"AWS": "x"}}]}
    status, out = lint(wrong)
    assert (status, out) == (2, "Statement[1].Principal.AWS: MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.\n")
    status, out = lint(wrong, "--output", "json")
    assert (status, json.loads(out)["error"]["place"]) == (2, "Statement[1].Principal.AWS")
    assert lint("")[0] == 2
    assert lint(" " * 40000)[0] == 2
    assert lint("{\n\n x")[1].startswith("line 3: MalformedPolicyDocumentException")
    assert lint(DELEGATING, "--kind", "identity")[0] == 2
