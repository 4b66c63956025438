"""Users, roles, identity policies and access keys through a real daemon and rewrapctl: in force when they are answered, kept over a kill -9, and
secrets shown once."""
import json
import os
import signal
import subprocess

import pytest

import client as c
import rewrap_pb2 as pb
from client import Closed, refused
from instance import Instance

ACCOUNT = "111122223333"
MASTER = f"arn:aws:iam::{ACCOUNT}"


def allow(*actions, resource="*", effect="Allow"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": list(actions), "Resource": resource}]})


def make_user(connection, name, **members):
    return connection.call("CreateUser", user_name=name, **members).user


def test_a_user_and_a_role_are_made(client):
    user = make_user(client, "carol", path="/ops/")
    assert user.arn == f"{MASTER}:user/ops/carol" and user.user_id.startswith("AIDA") and len(user.user_id) == 21
    role = client.call("CreateRole", role_name="night", path="/ops/").role
    assert role.arn == f"{MASTER}:role/ops/night" and role.role_id.startswith("AROA") and len(role.role_id) == 21
    assert client.call("GetUser", user_name="carol").user == user
    assert client.call("GetRole", role_name="night").role == role
    assert [one.user_name for one in client.call("ListUsers", path_prefix="/ops/").users] == ["carol"]
    assert [one.role_name for one in client.call("ListRoles").roles] == ["night"]
    refused(client, "EntityAlreadyExistsException", "CreateUser", user_name="carol")
    client.call("DeleteRole", role_name="night")
    client.call("DeleteUser", user_name="carol")
    refused(client, "NoSuchEntityException", "GetUser", user_name="carol")


def test_alice_gets_a_policy_and_it_is_in_force_at_once(instance, client):
    """Alice's socket is hers before and after there is a user of that name: only her policies come and go."""
    key = c.create_key(client)
    with instance.client("alice") as alice:
        no = refused(alice, "AccessDeniedException", "DescribeKey", key_id=key.key_id)
        assert no.message == (f"User: {MASTER}:user/alice is not authorized to perform: kms:DescribeKey on resource: {key.arn} because no "
                              "identity-based policy allows the kms:DescribeKey action")
        make_user(client, "alice")
        refused(alice, "AccessDeniedException", "DescribeKey", key_id=key.key_id)
        client.call("PutUserPolicy", user_name="alice", policy_name="use", policy_document=allow("kms:DescribeKey", resource=key.arn))
        assert alice.call("DescribeKey", key_id=key.key_id).key_metadata.arn == key.arn
        refused(alice, "AccessDeniedException", "DisableKey", key_id=key.key_id)
        client.call("PutUserPolicy", user_name="alice", policy_name="not", policy_document=allow("kms:*", effect="Deny"))
        refused(alice, "AccessDeniedException", "DescribeKey", key_id=key.key_id)
        assert client.call("ListUserPolicies", user_name="alice").policy_names == ["not", "use"]
        client.call("DeleteUserPolicy", user_name="alice", policy_name="not")
        alice.call("DescribeKey", key_id=key.key_id)
        refused(client, "DeleteConflictException", "DeleteUser", user_name="alice")
        client.call("DeleteUserPolicy", user_name="alice", policy_name="use")
        client.call("DeleteUser", user_name="alice")
        refused(alice, "AccessDeniedException", "DescribeKey", key_id=key.key_id)


def test_what_meant_who_is_deleted_shows_his_id(fresh_instance):
    """In grants and key policies, each by the one whom it meant, also after a kill -9; and simulate decides on what is shown as the daemon does."""
    instance, arn, ids = fresh_instance, f"{MASTER}:user/carol", []
    connection = instance.client()
    key = c.create_key(connection)
    root = json.loads(connection.call("GetKeyPolicy", key_id=key.key_id).policy)["Statement"][0]
    mine = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"}
    for _ in range(2):
        ids.append(make_user(connection, "carol").user_id)
        policy = json.dumps({"Version": "2012-10-17", "Statement": [root, mine]})
        connection.call("PutKeyPolicy", key_id=key.key_id, policy=policy)
        assert connection.call("GetKeyPolicy", key_id=key.key_id).policy == policy
        connection.call("CreateGrant", key_id=key.key_id, grantee_principal=arn, retiring_principal=arn, operations=[pb.GrantOperation.Value.Value("Encrypt")])
        connection.call("DeleteUser", user_name="carol")
    make_user(connection, "carol")
    for _ in range(2):
        grants = list(c.pages(connection, "ListGrants", "grants", key_id=key.key_id))
        assert sorted(one.grantee_principal for one in grants) == sorted(one.retiring_principal for one in grants) == sorted(ids)
        assert [one.grantee_principal for one in c.pages(connection, "ListGrants", "grants", key_id=key.key_id, grantee_principal=ids[0])] == ids[:1]
        assert not list(c.pages(connection, "ListGrants", "grants", key_id=key.key_id, grantee_principal=arn))
        shown = connection.call("GetKeyPolicy", key_id=key.key_id).policy
        assert json.loads(shown) == json.loads(policy.replace(arn, ids[1]))
        os.kill(instance.pid, signal.SIGKILL)
        instance.start()
        connection = instance.client()
    document = json.dumps({"request": {"principal": arn, "action": "kms:Encrypt", "resource": key.arn}, "keyPolicy": shown,
                           "grants": [{"GranteePrincipal": one.grantee_principal, "Operations": ["Encrypt"]} for one in grants]})
    answer = instance.ctl("policy", "simulate", "--input", "-", stdin=document)
    assert answer.returncode == 0 and json.loads(answer.stdout)["decision"] == "ImplicitlyDenied", answer.stderr


def test_management_is_authorised(instance, client):
    make_user(client, "alice")
    with instance.client("alice") as alice:
        no = refused(alice, "AccessDeniedException", "CreateUser", user_name="dave", path="/dev/")
        assert no.message == (f"User: {MASTER}:user/alice is not authorized to perform: iam:CreateUser on resource: {MASTER}:user/dev/dave "
                              "because no identity-based policy allows the iam:CreateUser action")
        client.call("PutUserPolicy", user_name="alice", policy_name="dev",
                    policy_document=allow("iam:*", resource=f"{MASTER}:user/dev/*"))
        make_user(alice, "dave", path="/dev/")
        refused(alice, "AccessDeniedException", "CreateUser", user_name="eve")
        refused(alice, "AccessDeniedException", "PutUserPolicy", user_name="alice", policy_name="more", policy_document=allow("*"))
        alice.call("DeleteUser", user_name="dave")
    with instance.client("bob") as bob:  # another account: a caller without policies
        refused(bob, "AccessDeniedException", "ListUsers")
    client.call("DeleteUserPolicy", user_name="alice", policy_name="dev")
    client.call("DeleteUser", user_name="alice")


def test_the_secret_of_an_access_key_is_shown_once(instance, client):
    make_user(client, "keys")
    made = client.call("CreateAccessKey", user_name="keys").access_key
    secret = made.secret_access_key
    assert len(made.access_key_id) == 20 and len(secret) == 40
    client.call("UpdateAccessKey", user_name="keys", access_key_id=made.access_key_id, status=pb.AccessKeyStatus.Inactive)
    listed = client.call("ListAccessKeys", user_name="keys")
    assert listed.access_key_metadata[0].status == pb.AccessKeyStatus.Inactive
    others = [listed, client.call("GetUser", user_name="keys"), client.call("ListUsers"), client.call("Doctor")]
    client.call("CreateAccessKey", user_name="keys")
    full = refused(client, "LimitExceededException", "CreateAccessKey", user_name="keys")
    conflict = refused(client, "DeleteConflictException", "DeleteUser", user_name="keys")
    for answer in others:
        assert secret.encode() not in answer.SerializeToString()
    assert secret not in full.message and secret not in conflict.message
    assert secret not in instance.log


def test_rewrapctl(instance, tmp_path):
    def ctl(*arguments):
        done = instance.ctl(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    document = tmp_path / "policy.json"
    document.write_text(allow("kms:ListKeys") + "\n", encoding="ascii")
    assert ctl("create-user", "--user-name", "typed")["User"]["Arn"] == f"{MASTER}:user/typed"
    ctl("put-user-policy", "--user-name", "typed", "--policy-name", "p", "--policy-document", f"file://{document}")
    assert ctl("get-user-policy", "--user-name", "typed", "--policy-name", "p")["PolicyDocument"] == allow("kms:ListKeys") + "\n"
    document.write_text('{"Statement":{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*","Principal":"*"}}', encoding="ascii")
    bad = instance.ctl("put-user-policy", "--user-name", "typed", "--policy-name", "p", "--policy-document", f"file://{document}")
    assert bad.returncode == 254 and "(MalformedPolicyDocumentException)" in bad.stderr and "(at Statement" in bad.stderr
    key = ctl("create-access-key", "--user-name", "typed")["AccessKey"]
    assert len(key["SecretAccessKey"]) == 40 and key["Status"] == "Active"
    ctl("update-access-key", "--user-name", "typed", "--access-key-id", key["AccessKeyId"], "--status", "Inactive")
    assert ctl("list-access-keys", "--user-name", "typed")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    for number in range(103):  # more than a page has
        ctl("create-role", "--role-name", f"r{number:03}") if number in (0, 102) else None
    with instance.client() as connection:
        for number in range(1, 102):
            connection.call("CreateRole", role_name=f"r{number:03}")
    assert len(ctl("list-roles")["Roles"]) == 103
    page = ctl("list-roles", "--max-items", "2")
    assert [role["RoleName"] for role in page["Roles"]] == ["r000", "r001"] and page["IsTruncated"]
    assert ctl("list-roles", "--max-items", "1", "--marker", page["Marker"])["Roles"][0]["RoleName"] == "r002"


def test_a_kill_loses_nothing_that_was_answered(fresh_instance):
    instance = fresh_instance
    connection = instance.client()
    make_user(connection, "kept", path="/p/")
    secrets = [connection.call("CreateAccessKey", user_name="kept").access_key for _ in range(2)]
    connection.call("DeleteAccessKey", user_name="kept", access_key_id=secrets[0].access_key_id)
    connection.call("UpdateAccessKey", user_name="kept", access_key_id=secrets[1].access_key_id, status=pb.AccessKeyStatus.Inactive)
    answered = []
    make_user(connection, "alice")
    document = allow("kms:ListKeys")
    for number in range(15):
        connection.call("PutUserPolicy", user_name="alice", policy_name=f"p{number:02}", policy_document=document)
        answered.append(f"p{number:02}")
    connection.send("PutUserPolicy", user_name="alice", policy_name="perhaps", policy_document=document)
    os.kill(instance.pid, signal.SIGKILL)
    with pytest.raises((Closed, OSError)):
        while True:
            connection.receive()
    connection.close()
    instance.start()
    with instance.client() as again, instance.client("alice") as alice:
        names = again.call("ListUserPolicies", user_name="alice").policy_names
        assert set(names) - {"perhaps"} == set(answered)
        alice.call("ListKeys")
        assert again.call("GetUser", user_name="kept").user.path == "/p/"
        (left,) = again.call("ListAccessKeys", user_name="kept").access_key_metadata
        assert left.access_key_id == secrets[1].access_key_id and left.status == pb.AccessKeyStatus.Inactive
    assert not any(one.secret_access_key in instance.log for one in secrets)


def test_a_role_has_sessions():
    """A socket can be a session of a role: it has the role's policies, and when the role is gone none."""
    instance = Instance(start=True)
    try:
        instance.configure("listen alice", principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/night/shift-1")
        instance.stop()
        instance.start()
        with instance.client() as root, instance.client("alice") as session:
            refused(session, "AccessDeniedException", "ListKeys")
            root.call("CreateRole", role_name="night", path="/ops/")
            root.call("PutRolePolicy", role_name="night", policy_name="list", policy_document=allow("kms:ListKeys"))
            session.call("ListKeys")
            no = refused(session, "ValidationException", "GetUser")
            assert no.message == "Must specify userName when calling with non-User credentials"
            root.call("DeleteRolePolicy", role_name="night", policy_name="list")
            root.call("DeleteRole", role_name="night")
            refused(session, "AccessDeniedException", "ListKeys")
    finally:
        instance.remove()


def test_help():
    """Every command of the service says what it does and which options matter."""
    program = os.path.join(os.environ["REWRAP_BIN"], "rewrapctl")
    service = pb.DESCRIPTOR.services_by_name["PrincipalManagement"]
    assert len(service.methods) == 20
    for method in service.methods:
        command = "".join("-" + letter.lower() if letter.isupper() else letter for letter in method.name).lstrip("-")
        done = subprocess.run([program, command, "--help"], capture_output=True, text=True, check=True)
        lines = done.stdout.split("\n")
        assert lines[2] == f"Calls the operation {method.name} of rewrapd." and lines[4].startswith("Needed: "), done.stdout
        assert lines[5].endswith(": docs/principals.md"), done.stdout
