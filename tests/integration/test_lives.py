"""The lives of keys through a real daemon, registry and token: rotation, states, tags, and that a restart keeps all of it. What takes
days is left to the unit tests, which move the clock."""
import json
import re
import time

import pytest

import client as c
import rewrap_pb2 as pb
from client import Refused, refused

DAY_S = 86400


def re_encrypt(client, blob, to):
    return client.call("ReEncrypt", ciphertext_blob=blob, destination_key_id=to)


def state_of(client, key_id):
    return pb.KeyState.Value.Name(client.call("DescribeKey", key_id=key_id).key_metadata.key_state)


def current_material(client, key_id):
    return client.call("DescribeKey", key_id=key_id).key_metadata.current_key_material_id


# ---------------------------------------------------------------- rotation
@pytest.mark.parametrize("boundary", ["OPEN", "SEALED"])
def test_rotation_moves_what_is_encrypted_again(client, boundary):
    key = c.create_key(client, boundary=boundary)
    first = key.current_key_material_id
    old = c.encrypt(client, key.key_id, b"before")
    assert client.call("RotateKeyOnDemand", key_id=key.key_id).key_id == key.arn
    second = current_material(client, key.key_id)
    assert re.fullmatch("[0-9a-f]{64}", second) and second != first
    moved = re_encrypt(client, old, key.key_id)
    assert (moved.source_key_material_id, moved.destination_key_material_id) == (first, second)
    again = re_encrypt(client, moved.ciphertext_blob, key.key_id)
    assert (again.source_key_material_id, again.destination_key_material_id) == (second, second)
    if boundary == "OPEN":
        for blob, material in ((old, first), (moved.ciphertext_blob, second), (again.ciphertext_blob, second)):
            answer = client.call("Decrypt", ciphertext_blob=blob)
            assert (answer.plaintext, answer.key_material_id) == (b"before", material)


def test_many_rotations_and_their_list(client):
    key = c.create_key(client, boundary="OPEN")
    blobs = []
    for i in range(5):
        blobs.append(c.encrypt(client, key.key_id, b"%d" % i))
        client.call("RotateKeyOnDemand", key_id=key.key_id)
    assert [c.decrypt(client, blob) for blob in blobs] == [b"0", b"1", b"2", b"3", b"4"]
    rotations = client.call("ListKeyRotations", key_id=key.key_id).rotations
    assert len(rotations) == 5
    assert {entry.rotation_type for entry in rotations} == {pb.RotationType.ON_DEMAND}
    everything = client.call("ListKeyRotations", key_id=key.key_id,
                             include_key_material=pb.IncludeKeyMaterial.ALL_KEY_MATERIAL).rotations
    assert [entry.key_material_id for entry in everything][1:] == [entry.key_material_id for entry in rotations]
    assert everything[0].key_material_id == key.current_key_material_id
    assert everything[-1].key_material_state == pb.KeyMaterialState.CURRENT
    assert everything[-1].key_material_id == current_material(client, key.key_id)


def test_rotations_and_encryptions_at_once(client):
    """Whatever material an encryption met, its ciphertext can be read."""
    key = c.create_key(client, boundary="OPEN")
    requests = []
    for i in range(8):
        requests += [("Encrypt", {"key_id": key.key_id, "plaintext": b"p%d" % i})] * 8
        requests.append(("RotateKeyOnDemand", {"key_id": key.key_id}))
    answers = client.call_all(requests)
    for request, answer in zip(requests, answers):
        if request[0] == "Encrypt":
            assert c.decrypt(client, answer.ciphertext_blob) == request[1]["plaintext"]
        elif isinstance(answer, Refused):
            assert answer.code == "ConflictException", answer
    rotations = client.call("ListKeyRotations", key_id=key.key_id).rotations
    assert len(rotations) == sum(request[0] == "RotateKeyOnDemand" and not isinstance(answer, Refused)
                                 for request, answer in zip(requests, answers))
    assert len(rotations) >= 1


def test_the_schedule(client):
    key = c.create_key(client)
    assert not client.call("GetKeyRotationStatus", key_id=key.key_id).key_rotation_enabled
    client.call("EnableKeyRotation", key_id=key.key_id, rotation_period_in_days=90)
    status = client.call("GetKeyRotationStatus", key_id=key.key_id)
    assert status.key_rotation_enabled and status.rotation_period_in_days == 90
    assert abs(status.next_rotation_date.seconds - time.time() - 90 * DAY_S) < 60
    client.call("DisableKeyRotation", key_id=key.key_id)
    assert not client.call("GetKeyRotationStatus", key_id=key.key_id).HasField("next_rotation_date")


# ---------------------------------------------------------------- states
def test_disabled_and_enabled(client):
    key = c.create_key(client, boundary="OPEN")
    blob = c.encrypt(client, key.key_id, b"kept")
    client.call("DisableKey", key_id=key.key_id)
    for operation, members in (("Encrypt", {"key_id": key.key_id, "plaintext": b"x"}), ("Decrypt", {"ciphertext_blob": blob}),
                               ("ReEncrypt", {"ciphertext_blob": blob, "destination_key_id": key.key_id}),
                               ("RotateKeyOnDemand", {"key_id": key.key_id})):
        assert refused(client, "DisabledException", operation, **members).message == f"{key.arn} is disabled."
    client.call("EnableKey", key_id=key.key_id)
    assert c.decrypt(client, blob) == b"kept"


def test_scheduled_and_cancelled(client):
    key = c.create_key(client, boundary="OPEN")
    blob = c.encrypt(client, key.key_id, b"kept")
    answer = client.call("ScheduleKeyDeletion", key_id=key.key_id, pending_window_in_days=7)
    assert (answer.key_id, answer.pending_window_in_days) == (key.arn, 7)
    assert abs(answer.deletion_date.seconds - time.time() - 7 * DAY_S) < 60
    metadata = client.call("DescribeKey", key_id=key.key_id).key_metadata
    assert metadata.key_state == pb.KeyState.PendingDeletion and not metadata.enabled
    assert refused(client, "KMSInvalidStateException", "Decrypt", ciphertext_blob=blob).message == f"{key.arn} is pending deletion."
    assert client.call("CancelKeyDeletion", key_id=key.key_id).key_id == key.arn
    assert state_of(client, key.key_id) == "Disabled"
    client.call("EnableKey", key_id=key.key_id)
    assert c.decrypt(client, blob) == b"kept"


def test_changes_from_many_connections(instance, client):
    """Each of them adds its tag to the same key: what is answered well is kept."""
    key = c.create_key(client)
    clients = [instance.client() for _ in range(12)]
    for i, each in enumerate(clients):
        each.send("TagResource", key_id=key.key_id, tags=[pb.Tag(tag_key=f"t{i}", tag_value=str(i))])
    answers = [each.receive()[1] for each in clients]
    for each in clients:
        each.close()
    assert not [answer for answer in answers if isinstance(answer, Refused)]
    tags = client.call("ListResourceTags", key_id=key.key_id).tags
    assert {tag.tag_key: tag.tag_value for tag in tags} == {f"t{i}": str(i) for i in range(12)}


# ---------------------------------------------------------------- a restart
def test_a_restart_keeps_all_of_it(fresh_instance):
    with fresh_instance.client() as client:
        rotated = c.create_key(client, alias="alias/rotated", boundary="OPEN")
        old = c.encrypt(client, rotated.key_id, b"old")
        client.call("RotateKeyOnDemand", key_id=rotated.key_id)
        new = c.encrypt(client, rotated.key_id, b"new")
        client.call("EnableKeyRotation", key_id=rotated.key_id, rotation_period_in_days=120)
        client.call("UpdateKeyDescription", key_id=rotated.key_id, description="payroll, since 2026")
        client.call("TagResource", key_id=rotated.key_id, tags=[pb.Tag(tag_key="team", tag_value="payroll")])
        status = client.call("GetKeyRotationStatus", key_id=rotated.key_id)
        rotations = client.call("ListKeyRotations", key_id=rotated.key_id)
        off = c.create_key(client)
        client.call("DisableKey", key_id=off.key_id)
        dying = c.create_key(client)
        deletion = client.call("ScheduleKeyDeletion", key_id=dying.key_id).deletion_date
        before = {key.key_id: client.call("DescribeKey", key_id=key.key_id) for key in (rotated, off, dying)}
    fresh_instance.stop()
    fresh_instance.start()
    with fresh_instance.client() as client:
        for key_id, described in before.items():
            assert client.call("DescribeKey", key_id=key_id) == described
        assert client.call("DescribeKey", key_id=dying.key_id).key_metadata.deletion_date == deletion
        assert client.call("GetKeyRotationStatus", key_id=rotated.key_id) == status
        assert client.call("ListKeyRotations", key_id=rotated.key_id) == rotations
        assert [(tag.tag_key, tag.tag_value) for tag in client.call("ListResourceTags", key_id=rotated.key_id).tags] == [("team", "payroll")]
        assert (c.decrypt(client, old), c.decrypt(client, new)) == (b"old", b"new")
        client.call("CancelKeyDeletion", key_id=dying.key_id)
        assert state_of(client, dying.key_id) == "Disabled"


# ---------------------------------------------------------------- from the command line
def test_command_line(instance):
    def answer(*arguments):
        done = instance.ctl(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    key_id = answer("create-key", "--boundary", "OPEN")["KeyMetadata"]["KeyId"]
    answer("tag-resource", "--key-id", key_id, "--tags", "TagKey=team,TagValue=payroll", "TagKey=cost,TagValue=7")
    answer("untag-resource", "--key-id", key_id, "--tag-keys", "cost")
    assert answer("list-resource-tags", "--key-id", key_id)["Tags"] == [{"TagKey": "team", "TagValue": "payroll"}]
    answer("rotate-key-on-demand", "--key-id", key_id)
    answer("enable-key-rotation", "--key-id", key_id, "--rotation-period-in-days", "365")
    assert answer("get-key-rotation-status", "--key-id", key_id)["KeyRotationEnabled"] is True
    listed = answer("list-key-rotations", "--key-id", key_id, "--include-key-material", "ALL_KEY_MATERIAL")["Rotations"]
    assert [entry["KeyMaterialState"] for entry in listed] == ["NON_CURRENT", "CURRENT"]
    answer("disable-key", "--key-id", key_id)
    scheduled = answer("schedule-key-deletion", "--key-id", key_id, "--pending-window-in-days", "8")
    assert (scheduled["KeyState"], scheduled["PendingWindowInDays"]) == ("PendingDeletion", 8)
    failed = instance.ctl("enable-key", "--key-id", key_id)
    assert failed.returncode != 0 and "is pending deletion." in failed.stderr
