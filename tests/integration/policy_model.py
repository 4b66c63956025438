"""The decision of KMS.md R-93 once more, in Python and from the rules alone, to compare with `rewrapctl policy simulate`.

decide(document) takes what simulate takes and tells what it must answer. Documents are random_cases.py's or well-formed as those: nothing is
checked here."""
import base64
import datetime
import ipaddress
import json
import re

CROSSING = {"encrypt", "decrypt", "reencryptfrom", "reencryptto", "generatedatakey", "generatedatakeywithoutplaintext", "generatedatakeypair",
            "generatedatakeypairwithoutplaintext", "generatemac", "verifymac", "sign", "verify", "derivesharedsecret", "getpublickey",
            "describekey", "getkeyrotationstatus", "creategrant", "listgrants", "retiregrant", "revokegrant"}
FOR_ALIASES = {"createalias", "updatealias", "deletealias"}
SETS = {"kms:encryptioncontextkeys", "kms:resourcealiases", "kms:grantoperations", "aws:tagkeys", "aws:calledvia", "aws:principalorgpaths"}


def listed(value):
    return value if isinstance(value, list) else [value]


def spelled(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


# ---------------------------------------------------------------- callers
class Caller:
    def __init__(self, arn, role=None):
        self.arn, self.role, self.account, self.partition, self.name = arn, None, None, None, None
        if not arn.startswith("arn:"):
            self.kind = "service"
            return
        _, self.partition, _, _, self.account, resource = arn.split(":", 5)
        self.kind = resource.split("/")[0]  # root, user, role, assumed-role, federated-user
        self.name = resource.split("/")[-1]
        if self.kind == "role":
            self.role = arn
        if self.kind == "assumed-role":
            self.role = role or f"arn:{self.partition}:iam::{self.account}:role/{resource.split('/')[1]}"

    def own_keys(self):
        """R-98, and what AWS says of everyone who calls."""
        if self.kind == "service":
            return {"aws:principalisawsservice": ["true"]}
        types = {"root": "Account", "user": "User", "role": "AssumedRole", "assumed-role": "AssumedRole", "federated-user": "FederatedUser"}
        keys = {"aws:principalarn": self.role or self.arn, "aws:principalaccount": self.account, "kms:calleraccount": self.account,
                "aws:principaltype": types[self.kind], "aws:principalisawsservice": "false"}
        if self.kind == "user":
            keys["aws:username"] = self.name
        return {name: [value] for name, value in keys.items()}

    def named_by(self, kind, text):
        """As what a principal of a policy (R-84) or a grantee (R-118) names him: "him", "account", or None."""
        if kind in ("Federated", "CanonicalUser"):
            return None
        if kind == "Service":
            return "him" if self.kind == "service" and text == self.arn else None
        if text == "*":
            return "him"
        if self.kind == "service":
            return None
        if re.fullmatch(r"\d{12}", text):
            text = f"arn:{self.partition}:iam::{text}:root"
        if text == f"arn:{self.partition}:iam::{self.account}:root":
            return "him" if self.kind == "root" else "account"
        return "him" if text in (self.arn, self.role) else None


def principals(element):
    if element == "*":
        return [("AWS", "*")]
    return [(kind, text) for kind, texts in element.items() for text in listed(texts)]


def statement_names(statement, caller):
    if "Principal" in statement:
        found = {caller.named_by(kind, text) for kind, text in principals(statement["Principal"])}
        return "him" if "him" in found else "account" if "account" in found else None
    # Each of what he is has to be listed for a Deny to pass him by; for an Allow to do so, one.
    texts = {text for _, text in principals(statement["NotPrincipal"])}
    if "*" in texts:
        return None
    here = {caller.arn}
    if caller.kind == "assumed-role":
        here.add(caller.role)
    if caller.account is not None:
        here.add("account")
    if caller.account is not None and texts & {caller.account, f"arn:{caller.partition}:iam::{caller.account}:root"}:
        texts |= {"account"} | ({caller.arn} if caller.kind == "root" else set())
    exempt = here <= texts if statement["Effect"] == "Deny" else bool(here & texts)
    return None if exempt else "him"


# ---------------------------------------------------------------- texts with wildcards and variables
class NoValue(Exception):
    pass


def pattern_of(text, context, variables, wildcards=True, fold=False):
    """A regular expression (R-87, R-103). Raises NoValue."""
    out = []
    for piece in re.split(r"(\$\{[^}]*\})", text) if variables else [text]:
        if variables and piece.startswith("${"):
            out.append(re.escape(value_of_variable(piece[2:-1], context)))
        elif wildcards:
            out.append("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in piece))
        else:
            out.append(re.escape(piece))
    return re.compile("".join(out), re.DOTALL | (re.IGNORECASE | re.ASCII if fold else 0))


def value_of_variable(inside, context):
    if inside in ("*", "?", "$"):
        return inside
    name, _, default = inside.partition(",")
    values = context.get(name.strip().lower())
    if values is not None and len(values) == 1:
        return values[0]
    if values is None and default:
        return re.fullmatch(r"\s*'(.*)'\s*", default).group(1)
    raise NoValue


def text_matches(text, given, context, variables, **how):
    try:
        return pattern_of(text, context, variables, **how).fullmatch(given) is not None
    except NoValue:
        return False


# ---------------------------------------------------------------- conditions, R-99 to R-102
def number(text):
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def moment(text):
    if number(text) is not None and len(text) > 4:
        return number(text)
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        return None


def compare(read, test):
    def matches(wanted, given, context, variables):
        a, b = read(given), read(wanted)
        return a is not None and b is not None and test(a, b)
    return matches


def truth(text):
    return {"true": True, "false": False}.get(text.lower())


def address_in(wanted, given, context, variables):
    try:
        network, address = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_address(given)
    except ValueError:
        return False
    return network.version == address.version and address in network


def arn_like(wanted, given, context, variables):
    outside = r":(?![^{}]*\})" if variables else ":"  # the colon in ${aws:username} is none of the six parts'
    wanted, given = re.split(outside, wanted, maxsplit=5), given.split(":", 5)
    return len(given) == 6 and all(text_matches(w, g, context, variables) for w, g in zip(wanted, given))


def string_like(**how):
    return lambda wanted, given, context, variables: text_matches(wanted, given, context, variables, **how)


ORDERS = {"Equals": lambda a, b: a == b, "LessThan": lambda a, b: a < b, "LessThanEquals": lambda a, b: a <= b,
          "GreaterThan": lambda a, b: a > b, "GreaterThanEquals": lambda a, b: a >= b}
OPERATORS = {
    "StringEquals": (string_like(wildcards=False), False), "StringNotEquals": (string_like(wildcards=False), True),
    "StringEqualsIgnoreCase": (string_like(wildcards=False, fold=True), False),
    "StringNotEqualsIgnoreCase": (string_like(wildcards=False, fold=True), True),
    "StringLike": (string_like(), False), "StringNotLike": (string_like(), True),
    "Bool": (compare(truth, ORDERS["Equals"]), False),
    "BinaryEquals": (compare(base64.b64decode, ORDERS["Equals"]), False),
    "IpAddress": (address_in, False), "NotIpAddress": (address_in, True),
    "ArnEquals": (arn_like, False), "ArnLike": (arn_like, False), "ArnNotEquals": (arn_like, True), "ArnNotLike": (arn_like, True),
}
for _class, _read in (("Numeric", number), ("Date", moment)):
    for _name, _order in ORDERS.items():
        OPERATORS[_class + _name] = (compare(_read, _order), False)
    OPERATORS[_class + "NotEquals"] = (compare(_read, ORDERS["Equals"]), True)


def clause_holds(operator, key, wanted, context, variables):
    set_name, _, operator = operator.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    given = context.get(key.lower())
    if operator == "Null":
        return any(truth(spelled(value)) == (given is None) for value in listed(wanted))
    matches, negated = OPERATORS[operator]
    if given is None:
        if set_name:
            return set_name == "ForAllValues" or if_exists
        return negated or if_exists
    holds = [any(matches(spelled(value), one, context, variables) for value in listed(wanted)) != negated for one in given]
    if set_name:
        return all(holds) if set_name == "ForAllValues" else any(holds)
    return len(holds) == 1 and key.lower() not in SETS and holds[0]


# ---------------------------------------------------------------- statements and grants
def statement_matches(statement, request, caller, context, variables, in_key_policy):
    """"him", "account" or None."""
    cover = statement_names(statement, caller) if in_key_policy else "him"
    if cover is None:
        return None
    for element, text, how in (("Action", request["action"], {"fold": True}), ("Resource", request["resource"], {})):
        negated = "Not" + element in statement
        texts = statement.get("Not" + element if negated else element)
        if texts is None:
            return None
        found = any(text_matches(one, text, context, variables and element == "Resource", **how) for one in listed(texts))
        if found == negated:
            return None
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not clause_holds(operator, key, wanted, context, variables):
                return None
    return cover


def grant_matches(grant, request, caller, context, pairs):
    """R-118 to R-121."""
    cover = caller.named_by("Service" if caller.kind == "service" else "AWS", grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal"))
    operation = request["action"].partition(":")[2].lower()
    if cover is None or grant["KeyId"] != request["resource"] or operation not in [name.lower() for name in grant["Operations"]]:
        return None
    limits = grant.get("Constraints") or {}
    if operation not in ("describekey", "retiregrant"):
        equals, subset = limits.get("EncryptionContextEquals"), limits.get("EncryptionContextSubset")
        if (equals is not None and equals != pairs) or not (subset or {}).items() <= pairs.items():
            return None
    if limits.get("SourceArn") and context.get("aws:sourcearn") != [limits["SourceArn"]]:
        return None
    return cover


def statements_of(policy):
    policy = json.loads(policy) if isinstance(policy, str) else policy
    return listed(policy["Statement"]), policy.get("Version") == "2012-10-17"


def context_of(request, caller):
    given = {name: [spelled(value) for value in listed(values)] for name, values in (request.get("context") or {}).items()}
    prefix = "kms:encryptioncontext:"
    pairs = {name[len(prefix):]: values[0] for name, values in given.items() if name.lower().startswith(prefix)}
    context = caller.own_keys()
    context.update({name.lower(): values for name, values in given.items()})
    return {name: values for name, values in context.items() if values}, pairs


# ----------------------------------------------------------------
def matching(document):
    """Everything that matches: (source, name, index, effect, cover)."""
    request = document["request"]
    caller = Caller(request["principal"], request.get("role"))
    context, pairs = context_of(request, caller)
    is_key = ":key/" in request["resource"]
    found = []
    policies = [("keyPolicy", "default", document.get("keyPolicy"))] if is_key and document.get("keyPolicy") else []
    policies += [("identityPolicy", entry["name"], entry["policy"]) for entry in document.get("identityPolicies") or []]
    for source, name, policy in policies:
        statements, variables = statements_of(policy)
        for index, statement in enumerate(statements):
            cover = statement_matches(statement, request, caller, context, variables, source == "keyPolicy")
            if cover is not None:
                found.append((source, name, index, statement["Effect"], cover))
    for index, grant in enumerate((document.get("grants") or []) if is_key else []):
        cover = grant_matches(grant, request, caller, context, pairs)
        if cover is not None:
            found.append(("grant", grant["GrantId"], index, "Allow", cover))
    return found


def conclude(document, found):
    """(decision, what lacks or denies)."""
    request = document["request"]
    caller = Caller(request["principal"], request.get("role"))
    action = request["action"].partition(":")[2].lower()
    for source in ("keyPolicy", "identityPolicy"):
        if any(one[0] == source and one[3] == "Deny" for one in found):
            return "ExplicitlyDenied", source
    allows = {(source, cover) for source, _, _, effect, cover in found if effect == "Allow"}
    owner = caller.account if request["resource"] == "*" else request["resource"].split(":")[4]
    own = owner == caller.account
    # Nothing limits the root user of an account but what denies; a service has no policies of its own.
    identity = ("identityPolicy", "him") in allows or caller.kind == "root"
    if ":key/" not in request["resource"]:
        if not own:
            return "ImplicitlyDenied", "keyPolicy"
        usable = ":alias/" not in request["resource"] or action in FOR_ALIASES
        return ("Allowed", None) if identity and usable else ("ImplicitlyDenied", "identityPolicy")
    one_side = own or caller.kind == "service"  # to a service no key is foreign
    if not one_side and action not in CROSSING:
        return "ImplicitlyDenied", "keyPolicy"
    direct, delegated = ("keyPolicy", "him") in allows, ("keyPolicy", "account") in allows
    if direct and (one_side or identity) or delegated and identity:
        return "Allowed", None
    if ("grant", "him") in allows or ("grant", "account") in allows and identity:
        return "Allowed", None
    return "ImplicitlyDenied", "identityPolicy" if direct or delegated or ("grant", "account") in allows else "keyPolicy"


def decide(document):
    found = matching(document)
    return conclude(document, found) + (found,)
