"""Random documents for `rewrapctl policy simulate`: small worlds, in which statements, grants and requests meet often."""
import json
import random

REGION = "eu-central-1"
ACCOUNTS = ["111122223333", "444455556666", "777788889999"]
SERVICES = ["logs.amazonaws.com", "ec2.eu-central-1.amazonaws.com"]
ACTIONS = ["kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyPair",
           "kms:CreateGrant", "kms:RevokeGrant", "kms:PutKeyPolicy", "kms:EnableKey", "kms:ScheduleKeyDeletion", "kms:GetPublicKey", "kms:Sign"]
PATTERNS = ["kms:*", "*", "kms:ReEncrypt*", "KMS:REENCRYPT*", "kms:?ecrypt", "kms:*crypt*", "kms:ReEncrypt", "kms:Describe*", "kms:Generate*", "iam:*",
            "kms:GenerateDataKey", "kms:PutKeyPolic?", "s3:GetObject"]
OPERATIONS = ["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "DescribeKey", "GenerateDataKey", "CreateGrant", "RetireGrant", "Sign"]
VALUES = ["payroll", "Payroll", "archive", "a*", "a", "", "alice"]
PAIR_KEYS = ["app", "tenant", "Stage"]
SOURCES = ["arn:aws:rds:eu-central-1:111122223333:db:payroll", "arn:aws:s3:::b"]


def root(account):
    return f"arn:aws:iam::{account}:root"


def key(account, number):
    return f"arn:aws:kms:{REGION}:{account}:key/1234abcd-12ab-34cd-56ef-12345678900{number}"


KEYS = [key(account, number) for account in ACCOUNTS[:2] for number in (1, 2)]


def callers(account):
    return [root(account), f"arn:aws:iam::{account}:user/alice", f"arn:aws:iam::{account}:user/ops/Bob", f"arn:aws:iam::{account}:role/Deploy",
            f"arn:aws:iam::{account}:role/path/Batch", f"arn:aws:sts::{account}:assumed-role/Deploy/one",
            f"arn:aws:sts::{account}:assumed-role/Deploy/two", f"arn:aws:sts::{account}:assumed-role/Batch/one",
            f"arn:aws:sts::{account}:federated-user/Carol"]


CALLERS = [caller for account in ACCOUNTS for caller in callers(account)]


class World:
    """One document; self.r makes all choices."""

    def __init__(self, r):
        self.r = r
        self.request = self.make_request()

    def some(self, choices, low=1, high=3):
        picked = [self.r.choice(choices) for _ in range(self.r.randint(low, high))]
        return picked[0] if len(picked) == 1 and self.r.random() < 0.6 else picked

    def chance(self, probability):
        return self.r.random() < probability

    # ------------------------------------------------------------ the request
    def make_request(self):
        r = self.r
        request = {"principal": r.choice(CALLERS + CALLERS[:9] * 2 + SERVICES), "action": r.choice(ACTIONS + ACTIONS[:2] * 5),
                   "resource": r.choice(KEYS + KEYS[:1] * 4)}
        shape = r.random()
        if shape < 0.06 and request["principal"].startswith("arn:"):
            request.update(action=r.choice(["kms:CreateKey", "kms:ListKeys", "iam:CreateUser"]), resource="*")
        elif shape < 0.10:
            request.update(action=r.choice(["kms:CreateAlias", "kms:Decrypt"]), resource=f"arn:aws:kms:{REGION}:{r.choice(ACCOUNTS)}:alias/payroll")
        if "assumed-role/Batch" in request["principal"] and self.chance(0.7):
            request["role"] = f"arn:aws:iam::{request['principal'].split(':')[4]}:role/path/Batch"
        if self.chance(0.85):
            request["context"] = self.make_context()
        return request

    def make_context(self):
        r = self.r
        context = {}
        pairs = {name: r.choice(VALUES) for name in r.sample(PAIR_KEYS, r.randint(0, 3))}
        for name, value in pairs.items():
            context["kms:EncryptionContext:" + name] = [value] if self.chance(0.8) else value
        if pairs:
            context["kms:EncryptionContextKeys"] = list(pairs)
        for name, values in KEYS_OF_REQUESTS.items():
            if self.chance(0.4):
                value = r.choice(values)
                context[name] = value if isinstance(value, list) or self.chance(0.3) else [value]
        if self.chance(0.2):
            context["kms:ResourceAliases"] = r.sample(["alias/payroll", "alias/archive", "alias/x"], r.randint(0, 2))
        return context

    # ------------------------------------------------------------ policies
    def make_principals(self):
        r = self.r
        shape = r.random()
        if shape < 0.15:
            return "*" if self.chance(0.5) else {"AWS": "*"}
        if shape < 0.25:
            return {"Service": self.some(SERVICES, 1, 2)}
        caller = self.request["principal"]
        names = CALLERS + ACCOUNTS + ["AIDACKCEVSQ6C2EXAMPLE"]
        if caller.startswith("arn:"):
            account = caller.split(":")[4]
            names = [caller, root(account), account] * 12 + names
            if "role" in self.request:
                names += [self.request["role"]] * 10
        element = {"AWS": self.some(names)}
        if self.chance(0.1):
            element["Service"] = self.some(SERVICES, 1, 1)
        if self.chance(0.05):
            element["Federated"] = "cognito-identity.amazonaws.com"
        return element

    def make_not_principals(self):
        """All that the caller is, some of it, or others."""
        caller = self.request["principal"]
        if not caller.startswith("arn:") or self.chance(0.2):
            return self.make_principals()
        account = caller.split(":")[4]
        names = [caller, self.r.choice([root(account), account])]
        if "assumed-role/" in caller:
            name = caller.split("/")[1]
            names.append(self.request.get("role", f"arn:aws:iam::{account}:role/{name}"))
        if self.chance(0.4):
            names.remove(self.r.choice(names))
        return {"AWS": (names + self.r.sample(CALLERS, 1)) if self.chance(0.5) or not names else names}

    def make_statement(self, kind):
        r = self.r
        statement = {"Effect": "Deny" if self.chance(0.2) else "Allow"}
        if self.chance(0.5):
            statement["Sid"] = f"S{r.randint(0, 10**9)}"
        if kind == "key":
            if self.chance(0.25 if statement["Effect"] == "Deny" else 0.05):
                statement["NotPrincipal"] = self.make_not_principals()
            else:
                statement["Principal"] = self.make_principals()
        actions = ACTIONS + PATTERNS + [self.request["action"], "kms:*", "kms:ReEncrypt*"] * 8
        statement["NotAction" if self.chance(0.1) else "Action"] = self.some(actions)
        if kind == "key" and self.chance(0.02):
            statement.pop("Action", None)
        resources = (["*"] * 20 + KEYS if kind == "key" else
                     ["*"] * 6 + KEYS + [self.request["resource"]] * 6 + ["arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:*:*:key/*", "arn:aws:kms:eu-*:*",
                                                                     "arn:aws:kms:*:*:alias/*", "arn:aws:kms:*:${aws:PrincipalAccount}:key/*",
                                                                     "arn:aws:kms:*:*:key/*00?"])
        statement["NotResource" if self.chance(0.05) else "Resource"] = self.some(resources, 1, 2)
        if self.chance(0.45):
            statement["Condition"] = self.make_conditions(kind)
        return statement

    def make_conditions(self, kind):
        conditions = {}
        for _ in range(self.r.randint(1, 2)):
            operator, name, values = self.make_condition(kind)
            conditions.setdefault(operator, {})[name] = values
        return conditions

    def make_condition(self, kind):
        r = self.r
        name, (operators, values) = r.choice(list(CONDITIONS.items()))
        operator = r.choice(operators)
        if name == "kms:EncryptionContext:":
            name += r.choice(PAIR_KEYS + ["APP"])
        if self.chance(0.1):
            return "Null", name, r.choice(["true", "false", True, False])
        if self.chance(0.15):
            operator += "IfExists"
        is_set = name in ("kms:EncryptionContextKeys", "kms:ResourceAliases")
        # R-89 forbids them on a pair's key in key policies.
        if self.chance(0.85 if is_set else 0.1) and not (kind == "key" and name.startswith("kms:EncryptionContext:")):
            operator = r.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        return operator, name.upper().replace("KMS:", "kms:") if self.chance(0.05) else name, self.some(values)

    def make_policy(self, kind, low, high):
        policy = {"Statement": [self.make_statement(kind) for _ in range(self.r.randint(low, high))]}
        if self.chance(0.9):
            policy["Version"] = "2012-10-17" if self.chance(0.9) else "2008-10-17"
        if len(policy["Statement"]) == 1 and self.chance(0.5):
            policy["Statement"] = policy["Statement"][0]
        return json.dumps(policy, indent=1) if self.chance(0.1) else policy

    # ------------------------------------------------------------ grants
    def make_grant(self, number):
        r = self.r
        caller = self.request["principal"]
        grant = {"KeyId": r.choice(KEYS + [self.request["resource"]] * 12), "GrantId": f"{number:064x}", "Name": "", "CreationDate": 1767225600.0,
                 "IssuingAccount": root(ACCOUNTS[0]), "Operations": r.sample(OPERATIONS, r.randint(1, 5))}
        if r.random() < 0.1 or not caller.startswith("arn:"):
            grant["GranteeServicePrincipal"] = r.choice(SERVICES)
        else:
            near = [caller] * 8 + [root(caller.split(":")[4])] * 3 + ([self.request["role"]] * 4 if "role" in self.request else [])
            grant["GranteePrincipal"] = r.choice(CALLERS + near * 3)
        limits = {}
        context = self.request.get("context", {})
        pairs = {name[22:]: values if isinstance(values, str) else values[0] for name, values in context.items() if name.startswith("kms:EncryptionContext:")}
        if self.chance(0.25):
            limits["EncryptionContextSubset"] = self.near(pairs)
        if self.chance(0.25):
            limits["EncryptionContextEquals"] = self.near(pairs)
        if self.chance(0.15):
            limits["SourceArn"] = r.choice(SOURCES)
        if limits or self.chance(0.2):
            grant["Constraints"] = limits
        return grant

    def near(self, pairs):
        pairs = dict(pairs)
        if pairs and self.chance(0.4):
            del pairs[self.r.choice(list(pairs))]
        if self.chance(0.2):
            pairs[self.r.choice(PAIR_KEYS + ["APP"])] = self.r.choice(VALUES)
        return pairs

    def make(self):
        r = self.r
        document = {"request": self.request}
        if self.chance(0.92):
            document["keyPolicy"] = self.make_policy("key", 1, 4)
        if self.chance(0.75):
            document["identityPolicies"] = [{"name": f"p{i}", "policy": self.make_policy("identity", 1, 3)} for i in range(r.randint(0, 3))]
        if self.chance(0.4):
            document["grants"] = [self.make_grant(i) for i in range(r.randint(0, 4))]
        return document


KEYS_OF_REQUESTS = {
    "kms:EncryptionAlgorithm": ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"], "kms:ReEncryptOnSameKey": ["true", "false", True, False],
    "kms:RequestAlias": ["alias/payroll", "alias/archive"], "kms:KeySpec": ["SYMMETRIC_DEFAULT"], "kms:MultiRegion": ["false", False],
    "kms:ViaService": ["s3.eu-central-1.amazonaws.com"], "aws:SourceIp": ["10.1.2.3", "203.0.113.9", "2001:db8::1"],
    "aws:CurrentTime": ["2026-11-21T12:00:00Z", "2027-01-01T00:00:00Z"], "aws:SecureTransport": ["true", "false"],
    "aws:SourceArn": SOURCES, "aws:PrincipalTag/team": ["payroll", "archive", ["payroll", "archive"]], "kms:RotationPeriodInDays": ["90", 365, "400"],
    "aws:ResourceTag/team": ["payroll", "archive"],
}
STRINGS = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"]
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
# name: its operators, the values of policies
CONDITIONS = {
    "kms:CallerAccount": (STRINGS, ACCOUNTS + ["4444*", "1111222233??"]),
    "kms:EncryptionContext:": (STRINGS, VALUES + ["pay*", "?", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'archive'}", "a${*}"]),
    "kms:EncryptionContextKeys": (STRINGS, PAIR_KEYS + ["*", "a*", "APP"]),
    "kms:ResourceAliases": (STRINGS, ["alias/payroll", "alias/*", "alias/archive"]),
    "kms:EncryptionAlgorithm": (STRINGS, ["SYMMETRIC_DEFAULT", "RSAES*"]),
    "kms:ReEncryptOnSameKey": (["Bool"], ["true", "false", True, "TRUE"]),
    "kms:RequestAlias": (STRINGS, ["alias/payroll", "alias/pay*"]),
    "kms:ViaService": (STRINGS, ["s3.*.amazonaws.com", "s3.eu-central-1.amazonaws.com"]),
    "aws:SourceIp": (["IpAddress", "NotIpAddress"], ["10.0.0.0/8", "203.0.113.9", "2001:db8::/32", "10.1.2.4/31"]),
    "aws:CurrentTime": (["Date" + order for order in ORDERS], ["2026-11-21T12:00:00Z", "2026-12-01T00:00:00Z", "1798761600", "2027-01-01"]),
    "aws:SecureTransport": (["Bool"], ["true", "false"]),
    "aws:PrincipalIsAWSService": (["Bool"], ["true", "false"]),
    "aws:PrincipalArn": (["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "StringLike", "StringEquals", "StringNotLike"],
                         CALLERS + ["arn:aws:iam::*:role/*", "arn:aws:iam::*:user/*", "arn:*:*::111122223333:*", "arn:aws:iam::${aws:PrincipalAccount}:*"]),
    "aws:PrincipalType": (STRINGS[:4], ["User", "AssumedRole", "A*"]),
    "aws:PrincipalTag/team": (STRINGS, ["payroll", "archive", "${aws:ResourceTag/team}"]),
    "aws:username": (STRINGS, ["alice", "Bob", "b*"]),
    "kms:RotationPeriodInDays": (["Numeric" + order for order in ORDERS], [90, "365", 400.0, 180, "365.5"]),
    "aws:SourceArn": (["ArnLike", "ArnNotLike", "StringEquals"], SOURCES + ["arn:aws:rds:*:*:db:*"]),
}


def make(seed, count):
    r = random.Random(seed)
    return [World(r).make() for _ in range(count)]
