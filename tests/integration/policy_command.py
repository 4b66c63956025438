"""rewrapctl policy, for tests, and the documents that they give it."""
import json
import os
import subprocess

import random_cases
from instance import BIN

REWRAPCTL = os.path.join(BIN, "rewrapctl")

ALICE = "arn:aws:iam::111122223333:user/alice"
KEY = random_cases.key("111122223333", 1)
DELEGATING = {"Version": "2012-10-17", "Statement": [{"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}
NOTHING = {"decision": "ImplicitlyDenied", "reason": "because no resource-based policy allows the kms:ReEncryptFrom action", "matched": []}


def run(*arguments, given=None, **options):
    return subprocess.run([REWRAPCTL, "policy", *arguments], input=given, capture_output=True, text=True, timeout=300, **options)


def simulate(documents, status=0):
    given = "".join(json.dumps(document) + "\n" for document in documents)
    done = run("simulate", "--input", "-", given=given)
    assert (done.returncode, done.stderr) == (status, ""), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def document(principal=ALICE, action="kms:ReEncryptFrom", resource=KEY, context=None, **members):
    request = {"principal": principal, "action": action, "resource": resource}
    if context is not None:
        request["context"] = context
    return {"request": request, **members}


def grant(**members):
    return {"KeyId": KEY, "GrantId": "g", "Name": "", "CreationDate": 1767225600.0, "GranteePrincipal": ALICE, "IssuingAccount": "arn:aws:iam::111122223333:root",
            "Operations": ["ReEncryptFrom"], **members}
