"""rewrapctl policy simulate and policy lint as programs: what cannot be decided, streams of documents, options, findings."""
import json
import subprocess
import threading

import pytest

from policy_command import ALICE, DELEGATING, NOTHING, REWRAPCTL, document, grant, run, simulate


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
    (["lint", "p.json"], 252, "the file is named by --policy (rewrapctl policy lint --help)"),
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
