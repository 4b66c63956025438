"""rewrapctl as its users have it: options, input and output forms, errors and exit codes."""
import base64
import json
import os
import re
import subprocess

import pytest

import client as c
from instance import BIN, ROOT

USAGE, CONFIGURATION, SERVICE, OTHER = 252, 253, 254, 255


@pytest.fixture(scope="module")
def keys(instance):
    with instance.client() as client:
        return {name: c.create_key(client, alias=f"alias/{name}", boundary="OPEN") for name in "EF"}


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample"
    path.write_bytes(b"\0sample\xff\n")
    return path


def ok(done):
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def answer(done):
    return json.loads(ok(done))


def failed(done, status):
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr
    return done.stderr


@pytest.fixture
def blob(instance, keys, sample, tmp_path):
    """A file with a ciphertext of the sample under E, context a=b."""
    made = answer(instance.ctl("encrypt", "--key-id", "alias/E", "--plaintext", f"fileb://{sample}", "--encryption-context", "a=b"))
    path = tmp_path / "blob"
    path.write_bytes(base64.b64decode(made["CiphertextBlob"], validate=True))
    return path


# ---------------------------------------------------------------- the promised lines
def test_re_encrypt(instance, keys, sample, blob, tmp_path):
    moved = answer(instance.ctl("re-encrypt", "--ciphertext-blob", f"fileb://{blob}", "--source-encryption-context", "a=b",
                                "--destination-key-id", "alias/F", "--destination-encryption-context", "c=d,e=f"))
    assert list(moved) == ["CiphertextBlob", "SourceKeyId", "KeyId", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm",
                           "SourceKeyMaterialId", "DestinationKeyMaterialId"]
    assert moved["SourceKeyId"] == keys["E"].arn and moved["KeyId"] == keys["F"].arn
    assert moved["SourceEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    (tmp_path / "moved").write_bytes(base64.b64decode(moved["CiphertextBlob"]))
    back = answer(instance.ctl("decrypt", "--ciphertext-blob", f"fileb://{tmp_path}/moved", "--encryption-context", '{"e":"f","c":"d"}'))
    assert base64.b64decode(back["Plaintext"]) == sample.read_bytes()


def test_examples_of_the_manual(instance, tmp_path):
    """Each block that docs/rewrapctl.md marks as an example runs as it is written, in an empty folder."""
    with open(os.path.join(ROOT, "docs", "rewrapctl.md"), encoding="utf-8") as file:
        examples = re.findall(r"^```sh example\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    said = []
    for example in examples:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", example], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env={**os.environ, **instance.env, "PATH": BIN + os.pathsep + os.environ["PATH"]})
        said.append(ok(done))
    moved, policy = said
    archive = answer(instance.ctl("describe-key", "--key-id", "alias/archive"))["KeyMetadata"]
    assert json.loads(moved)["KeyId"] == archive["Arn"]
    assert policy == ""  # policy lint has nothing to say of the default policy


def test_every_option_of_re_encrypt(instance, keys, blob):
    arguments = ["re-encrypt", "--ciphertext-blob", f"fileb://{blob}", "--source-encryption-context", "a=b", "--source-key-id", "alias/E",
                 "--destination-key-id", keys["F"].arn, "--destination-encryption-context", '{"x": "y"}',
                 "--source-encryption-algorithm", "SYMMETRIC_DEFAULT", "--destination-encryption-algorithm", "SYMMETRIC_DEFAULT",
                 "--no-dry-run"]
    assert answer(instance.ctl(*arguments))["KeyId"] == keys["F"].arn
    text = failed(instance.ctl(*arguments[:-1], "--dry-run"), SERVICE)
    assert text == "\nAn error occurred (DryRunOperationException) when calling the ReEncrypt operation: " \
                   "The request would have succeeded, but the DryRun option is set.\n"


def test_endpoint_option_wins(instance, keys):
    other = instance.env["REWRAP_SOCKET_ROOT2"]
    for endpoint in (f"unix:{other}", other):
        done = instance.ctl("create-key", "--endpoint", endpoint)
        assert answer(done)["KeyMetadata"]["AWSAccountId"] == "444455556666"
    assert answer(instance.ctl("describe-key", "--key-id", "alias/E"))["KeyMetadata"]["AWSAccountId"] == "111122223333"


def test_keys_and_aliases(instance):
    made = answer(instance.ctl("create-key", "--description", "a key", "--tags", "TagKey=k,TagValue=v"))["KeyMetadata"]
    assert made["Description"] == "a key" and made["Boundary"] == "SEALED" and made["Enabled"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", made["CreationDate"])
    for arguments in (["create-alias", "--alias-name", "alias/c", "--target-key-id", made["KeyId"]],
                      ["update-alias", "--alias-name", "alias/c", "--target-key-id", made["Arn"]]):
        assert ok(instance.ctl(*arguments)) == ""
    aliases = answer(instance.ctl("list-aliases", "--key-id", made["KeyId"]))["Aliases"]
    assert [a["AliasName"] for a in aliases] == ["alias/c"] and aliases[0]["TargetKeyId"] == made["KeyId"]
    assert made["KeyId"] in [k["KeyId"] for k in answer(instance.ctl("list-keys"))["Keys"]]
    assert answer(instance.ctl("describe-key", "--key-id", "alias/c"))["KeyMetadata"] == made
    assert ok(instance.ctl("delete-alias", "--alias-name", "alias/c")) == ""
    failed(instance.ctl("describe-key", "--key-id", "alias/c"), SERVICE)


def test_data_key(instance, keys):
    made = answer(instance.ctl("generate-data-key-without-plaintext", "--key-id", "alias/E", "--key-spec", "AES_256"))
    assert set(made) == {"CiphertextBlob", "KeyId", "KeyMaterialId"}


# ---------------------------------------------------------------- input
def test_cli_input_json(instance, keys, blob, tmp_path):
    request = {"CiphertextBlob": base64.b64encode(blob.read_bytes()).decode(), "SourceEncryptionContext": {"a": "b"},
               "DestinationKeyId": "alias/none", "DestinationEncryptionContext": {}}
    (tmp_path / "request.json").write_text(json.dumps(request))
    failed(instance.ctl("re-encrypt", "--cli-input-json", json.dumps(request)), SERVICE)
    moved = answer(instance.ctl("re-encrypt", "--cli-input-json", f"file://{tmp_path}/request.json", "--destination-key-id", "alias/F"))
    assert moved["KeyId"] == keys["F"].arn  # the option overrides the member


def test_skeleton_can_be_sent(instance):
    for operation in ("re-encrypt", "encrypt", "decrypt", "create-key", "describe-key", "list-keys", "create-alias", "update-alias",
                      "delete-alias", "list-aliases", "generate-data-key-without-plaintext"):
        skeleton = json.loads(ok(instance.ctl(operation, "--generate-cli-skeleton", env={"REWRAP_SOCKET": "/nonexistent"})))
        assert isinstance(skeleton, dict) and skeleton
        # Its members are known: what comes back is the service's word, or an answer.
        done = instance.ctl(operation, "--cli-input-json", json.dumps({k: v for k, v in skeleton.items() if isinstance(v, str) and k.endswith("Id")}))
        assert done.returncode in (0, SERVICE, USAGE)
        assert "Unknown parameter" not in done.stderr


def test_skeleton_filled_in_is_done(instance, keys, blob):
    """Nothing in it asks for a dry run or for less to be checked: members with an empty text are the only ones to remove."""
    request = answer(instance.ctl("re-encrypt", "--generate-cli-skeleton"))
    request.update(CiphertextBlob=base64.b64encode(blob.read_bytes()).decode(), SourceEncryptionContext={"a": "b"},
                   DestinationKeyId="alias/F", DestinationEncryptionContext={"c": "d"})
    del request["SourceKeyId"], request["GrantTokens"]
    assert answer(instance.ctl("re-encrypt", "--cli-input-json", json.dumps(request)))["KeyId"] == keys["F"].arn


def test_blob_forms(instance, keys, blob, tmp_path):
    text = base64.b64encode(blob.read_bytes()).decode()
    (tmp_path / "text").write_text(text + "\n")
    common = ["--source-encryption-context", "a=b", "--destination-key-id", "alias/F"]
    for form in (text, f"file://{tmp_path}/text", f"fileb://{blob}"):
        answer(instance.ctl("re-encrypt", "--ciphertext-blob", form, *common))
    made = answer(instance.ctl("encrypt", "--cli-binary-format", "raw-in-base64-out", "--key-id", "alias/E", "--plaintext", "hello"))
    assert answer(instance.ctl("decrypt", "--ciphertext-blob", made["CiphertextBlob"]))["Plaintext"] == base64.b64encode(b"hello").decode()
    assert "No such file or directory" in failed(instance.ctl("re-encrypt", "--ciphertext-blob", "fileb://nowhere", *common), USAGE)


@pytest.mark.parametrize("given,meant", [
    ("A=1,B=2", {"A": "1", "B": "2"}), ("A=", {"A": ""}), ("A=1,B='x,y'", {"A": "1", "B": "x,y"}), ('B="x,y"', {"B": "x,y"}),
    ("my-key=v w,B=w", {"my-key": "v w", "B": "w"}), ("aws:s3:arn=arn:aws:s3:::b/k", {"aws:s3:arn": "arn:aws:s3:::b/k"}),
    ('{"C":"3,4=5"}', {"C": "3,4=5"}), ("{}", {}), ('{"ä b":"ö"}', {"ä b": "ö"}),
])
def test_map_forms(instance, keys, given, meant):
    made = answer(instance.ctl("encrypt", "--key-id", "alias/E", "--plaintext", "eA==", "--encryption-context", given))
    with instance.client() as client:
        assert c.decrypt(client, base64.b64decode(made["CiphertextBlob"]), meant) == b"x"


@pytest.mark.parametrize("given", ["A", "A=1,A=2", "my key=v", '{"A":1}', "{bad", "A=1,", '["a"]'])
def test_bad_maps(instance, given):
    failed(instance.ctl("encrypt", "--key-id", "alias/E", "--plaintext", "eA==", "--encryption-context", given), USAGE)


@pytest.mark.parametrize("arguments", [
    [], ["frobnicate"], ["re-encrypt", "--bogus", "x"], ["describe-key", "--key-id"],
    ["list-keys", "--output", "yaml"], ["list-keys", "--limit", "many"], ["describe-key", "--key-id", "x", "stray"],
    ["encrypt", "--key-id", "x", "--plaintext", "not base64!"], ["describe-key", "--cli-input-json", "[]"],
    ["describe-key", "--cli-input-json", '{"Nope":1}'], ["describe-key", "--cli-input-json", "{"],
])
def test_usage_errors(instance, arguments):
    done = instance.ctl(*arguments)
    assert done.returncode in (USAGE, OTHER), (done.returncode, done.stdout, done.stderr)
    if "--plaintext" not in arguments:
        assert done.returncode == USAGE
    assert done.stderr and done.stdout == ""


def test_missing_members(instance):
    """Which members are needed is the service's knowledge: it names all that are missing."""
    text = failed(instance.ctl("re-encrypt"), SERVICE)
    assert "2 validation errors detected: " in text and "'ciphertextBlob'" in text and "'destinationKeyId'" in text


def test_help(instance):
    for arguments in (["--help"], ["re-encrypt", "--help"], ["ceremony", "--help"]):
        assert len(ok(instance.ctl(*arguments)).splitlines()) > 5
    assert re.fullmatch(r"rewrapctl \d+\.\d+\.\d+\n", ok(instance.ctl("--version")))


# ---------------------------------------------------------------- output
def test_output_forms(instance, keys):
    arguments = ["describe-key", "--key-id", "alias/E"]
    as_json = ok(instance.ctl(*arguments, "--output", "json"))
    assert as_json.startswith('{\n    "KeyMetadata": {\n        "AWSAccountId": "111122223333",\n')
    assert as_json.endswith("}\n")
    as_text = ok(instance.ctl(*arguments, "--output", "text"))
    assert as_text.startswith("KEYMETADATA\t") and keys["E"].arn in as_text.split("\t")
    as_table = ok(instance.ctl(*arguments, "--output", "table"))
    assert "DescribeKey" in as_table and keys["E"].arn in as_table and re.search(r"^[-+|].*[-+|]$", as_table, re.MULTILINE)


def test_query(instance, keys, blob):
    arguments = ["re-encrypt", "--ciphertext-blob", f"fileb://{blob}", "--source-encryption-context", "a=b", "--destination-key-id", "alias/F"]
    assert ok(instance.ctl(*arguments, "--query", "KeyId", "--output", "text")) == keys["F"].arn + "\n"
    assert json.loads(ok(instance.ctl(*arguments, "--query", "KeyId"))) == keys["F"].arn
    text = ok(instance.ctl(*arguments, "--query", "CiphertextBlob", "--output", "text"))
    assert base64.b64decode(text, validate=False) and text.endswith("\n")


def test_paging(instance, keys):
    everything = answer(instance.ctl("list-keys"))["Keys"]
    assert len(everything) >= 2
    first = answer(instance.ctl("list-keys", "--limit", "1", "--no-paginate"))
    assert len(first["Keys"]) == 1 and first["Truncated"] is True
    second = answer(instance.ctl("list-keys", "--limit", "1", "--no-paginate", "--marker", first["NextMarker"]))
    assert second["Keys"] != first["Keys"]


# ---------------------------------------------------------------- errors
def test_service_error(instance):
    text = failed(instance.ctl("describe-key", "--key-id", "alias/none"), SERVICE)
    assert text == "\nAn error occurred (NotFoundException) when calling the DescribeKey operation: " \
                   "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.\n"


def test_service_error_without_a_text(instance, keys):
    text = failed(instance.ctl("re-encrypt", "--ciphertext-blob", "eA==", "--destination-key-id", "alias/F"), SERVICE)
    said = "\nAn error occurred (InvalidCiphertextException) when calling the ReEncrypt operation: \n" \
           "rewrapctl: the ciphertext is damaged or of another key, or the encryption context is not the one it was made with"
    assert text == said + ", or it is an RSA ciphertext, which needs --source-encryption-algorithm and --source-key-id\n"
    text = failed(instance.ctl("re-encrypt", "--ciphertext-blob", "eA==", "--destination-key-id", "alias/F",
                               "--source-encryption-algorithm", "SYMMETRIC_DEFAULT"), SERVICE)
    assert text == said + "\n"
    text = failed(instance.ctl("decrypt", "--ciphertext-blob", "eA=="), SERVICE)
    assert text.endswith(", or it is an RSA ciphertext, which needs --encryption-algorithm and --key-id\n")


def test_nobody_listens(instance, tmp_path):
    text = failed(instance.ctl("list-keys", "--endpoint", f"unix:{tmp_path}/nobody.sock"), OTHER)
    assert "nobody.sock" in text and text.endswith("No such file or directory (is rewrapd running?)\n")
    for endpoint in ("tcp:1.2.3.4", "", "relative/path", "unix:" + "/x" * 100):
        assert instance.ctl("list-keys", "--endpoint", endpoint).returncode in (USAGE, CONFIGURATION, OTHER)


def test_no_endpoint(instance):
    """Without the variable it is the socket of the service, or an error that names what is missing; never a crash."""
    environment = {k: v for k, v in os.environ.items() if k != "REWRAP_SOCKET"}
    done = instance.ctl("list-keys", env={**environment, "REWRAP_SOCKET": ""})
    assert done.returncode in (CONFIGURATION, USAGE, OTHER)


# ---------------------------------------------------------------- the ceremony
def test_ceremony_lists_what_is_on_the_token(instance):
    listed = answer(instance.ctl("ceremony", "list", "--output", "json"))
    text = json.dumps(listed)
    assert "binding" in text.lower() and "audit" in text.lower() and "SYMMETRIC_DEFAULT" in text


def test_ceremony_init_again_makes_nothing(instance):
    before = ok(instance.ctl("ceremony", "list"))
    ok(instance.ctl("ceremony", "init", "--spares", "1"))
    assert ok(instance.ctl("ceremony", "list")) == before


def test_ceremony_adds_while_the_daemon_runs(instance):
    """An empty stock says which command fills it, and goes on once it is filled."""
    listed = None
    for _ in range(200):
        listed = instance.ctl("create-key")
        if listed.returncode != 0:
            break
    text = failed(listed, SERVICE)
    assert "LimitExceededException" in text and "rewrapctl ceremony add" in text
    ok(instance.ctl("ceremony", "add", "--key-spec", "SYMMETRIC_DEFAULT", "--count", "2"))
    for _ in range(2):
        answer(instance.ctl("create-key"))
    failed(instance.ctl("create-key"), SERVICE)
