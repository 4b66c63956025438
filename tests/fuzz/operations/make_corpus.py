#!/usr/bin/python3
"""Makes the seeds of this target: the number of an rpc and its message, packed by hand. Run in this folder after a change of the contract."""
import os
import struct

KEY, OPEN, MATERIAL, OPEN_MATERIAL = (bytes([byte]) for byte in (0x11, 0x22, 0x33, 0x44))
RPCS = ("ReEncrypt Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateRandom GetPublicKey "
        "CreateKey DescribeKey ListKeys UpdateKeyDescription EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion "
        "TagResource UntagResource ListResourceTags EnableKeyRotation DisableKeyRotation GetKeyRotationStatus "
        "RotateKeyOnDemand ListKeyRotations CreateAlias UpdateAlias DeleteAlias ListAliases GetKeyPolicy PutKeyPolicy "
        "ListKeyPolicies CreateGrant ListGrants ListRetirableGrants RetireGrant RevokeGrant "
        "CreateUser GetUser DeleteUser ListUsers PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies "
        "CreateRole GetRole DeleteRole ListRoles PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies "
        "CreateAccessKey UpdateAccessKey DeleteAccessKey ListAccessKeys").split()
ROOT = "arn:aws:iam::111122223333:root"
SERVICE = "logs.eu-central-1.amazonaws.com"
POLICY = '{"Statement":{"Effect":"Allow","Principal":{"AWS":"' + ROOT + '"},"Action":"kms:*","Resource":"*"}}'
IDENTITY = '{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}'
GRANT = "55" * 32


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def data(field, value):
    value = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def number(field, value):
    return varint(field << 3) + varint(value)


def pair(field, key, value):
    return data(field, data(1, key) + data(2, value))


def uuid(byte):
    digits = (byte * 16).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def arn(resource):
    return "arn:aws:kms:eu-central-1:111122223333:" + resource


def token(body):
    """A grant token: its bytes with FNV-1a behind them, in hexadecimal."""
    check = 0xCBF29CE484222325
    for byte in body:
        check = (check ^ byte) * 0x100000001B3 % 2**64
    return (body + struct.pack("<Q", check)).hex()


def blob(key, material):
    return bytes([1, 1]) + key * 16 + material * 32 + struct.pack(">H", 6) + bytes(32) + b"secret" + bytes(2 + 8 + 16)


SEALED_BLOB, OPEN_BLOB = blob(KEY, MATERIAL), blob(OPEN, OPEN_MATERIAL)
SEEDS = {
    "re_encrypt": ("ReEncrypt", data(1, SEALED_BLOB) + pair(2, "a", "b") + data(3, uuid(KEY)) + data(4, arn("key/" + uuid(KEY)))
                   + pair(5, "c", "d") + number(6, 4) + number(7, 4)),
    "re_encrypt_dry": ("ReEncrypt", data(3, uuid(KEY)) + data(4, uuid(OPEN)) + number(9, 1) + number(10, 1)),
    "re_encrypt_oaep": ("ReEncrypt", data(1, bytes(256)) + data(3, uuid(KEY)) + data(4, uuid(KEY)) + number(6, 2) + number(7, 1)),
    "encrypt": ("Encrypt", data(1, uuid(KEY)) + data(2, "secret") + pair(3, "a", "b")),
    "decrypt": ("Decrypt", data(1, OPEN_BLOB) + pair(2, "a", "b") + data(4, uuid(OPEN))),
    "decrypt_sealed": ("Decrypt", data(1, SEALED_BLOB)),
    "data_key": ("GenerateDataKeyWithoutPlaintext", data(1, uuid(KEY)) + pair(2, "a", "b") + number(4, 32)),
    "create_key": ("CreateKey", data(2, "description") + data(9, data(1, "team") + data(2, "payroll")) + number(100, 1)),
    "create_key_open": ("CreateKey", data(7, "main") + data(9, data(1, "rewrapd:boundary") + data(2, "open"))),
    "create_key_rsa": ("CreateKey", number(3, 2) + number(5, 1) + number(6, 1)),
    "describe_key": ("DescribeKey", data(1, "alias/x") + data(2, "token")),
    "list_keys": ("ListKeys", number(1, 1) + data(2, "K" + "00" * 16)),
    "data_key_plain": ("GenerateDataKey", data(1, uuid(OPEN)) + pair(2, "a", "b") + number(4, 1)),
    "random": ("GenerateRandom", number(1, 32)),
    "public_key": ("GetPublicKey", data(1, uuid(KEY)) + data(2, "token")),
    "describe": ("UpdateKeyDescription", data(1, uuid(KEY)) + data(2, "payroll")),
    "enable": ("EnableKey", data(1, uuid(KEY))),
    "disable": ("DisableKey", data(1, arn("key/" + uuid(OPEN)))),
    "schedule": ("ScheduleKeyDeletion", data(1, uuid(KEY)) + number(2, 7)),
    "cancel": ("CancelKeyDeletion", data(1, uuid(KEY))),
    "tag": ("TagResource", data(1, uuid(KEY)) + data(2, data(1, "team") + data(2, "payroll")) + data(2, data(1, "cost") + data(2, ""))),
    "tag_reserved": ("TagResource", data(1, uuid(KEY)) + data(2, data(1, "rewrapd:boundary") + data(2, "open"))),
    "untag": ("UntagResource", data(1, uuid(KEY)) + data(2, "team") + data(2, "none")),
    "list_tags": ("ListResourceTags", data(1, uuid(KEY)) + number(2, 1) + data(3, "T7465")),
    "enable_rotation": ("EnableKeyRotation", data(1, uuid(OPEN)) + number(2, 90)),
    "disable_rotation": ("DisableKeyRotation", data(1, uuid(OPEN))),
    "rotation_status": ("GetKeyRotationStatus", data(1, uuid(OPEN))),
    "rotate_open": ("RotateKeyOnDemand", data(1, uuid(OPEN))),
    "rotate_sealed": ("RotateKeyOnDemand", data(1, uuid(KEY))),
    "list_rotations": ("ListKeyRotations", data(1, uuid(OPEN)) + number(2, 1) + number(3, 1) + data(4, "R" + "44" * 32)),
    "create_alias": ("CreateAlias", data(1, "alias/x") + data(2, uuid(KEY))),
    "update_alias": ("UpdateAlias", data(1, "alias/x") + data(2, uuid(OPEN))),
    "delete_alias": ("DeleteAlias", data(1, "alias/x")),
    "get_policy": ("GetKeyPolicy", data(1, uuid(KEY)) + data(2, "default")),
    "put_policy": ("PutKeyPolicy", data(1, uuid(KEY)) + data(2, "default") + data(3, POLICY)),
    "list_policies": ("ListKeyPolicies", data(1, uuid(KEY)) + number(2, 1)),
    "create_grant": ("CreateGrant", data(1, uuid(KEY)) + data(2, ROOT) + data(3, ROOT) + number(4, 1) + number(4, 10)
                     + data(5, pair(1, "a", "b") + pair(2, "c", "d")) + data(7, "n")),
    "create_grant_service": ("CreateGrant", data(1, arn("key/" + uuid(OPEN))) + number(4, 2) + data(5, data(3, arn("key/" + uuid(KEY))))
                             + data(6, token(bytes([1]) + bytes(48))) + number(8, 0) + data(9, SERVICE) + data(10, SERVICE)),
    "list_grants": ("ListGrants", number(1, 1) + data(2, "G" + GRANT) + data(3, uuid(KEY)) + data(5, ROOT)),
    "list_grants_one": ("ListGrants", data(3, uuid(KEY)) + data(4, GRANT)),
    "list_retirable": ("ListRetirableGrants", number(1, 2) + data(2, "E" + GRANT) + data(3, ROOT)),
    "list_retirable_service": ("ListRetirableGrants", data(4, SERVICE)),
    "retire": ("RetireGrant", data(2, arn("key/" + uuid(KEY))) + data(3, GRANT)),
    "retire_token": ("RetireGrant", data(1, token(bytes([1]) + bytes([0x55]) * 32 + bytes(16)))),
    "revoke": ("RevokeGrant", data(1, uuid(KEY)) + data(2, GRANT) + number(3, 0)),
    "create_user": ("CreateUser", data(1, "/a/b/") + data(2, "carol")),
    "get_user": ("GetUser", data(1, "carol")),
    "get_caller": ("GetUser", b""),
    "list_users": ("ListUsers", data(1, "/a/") + data(2, "U61") + number(3, 1)),
    "put_user_policy": ("PutUserPolicy", data(1, "carol") + data(2, "p") + data(3, IDENTITY)),
    "get_user_policy": ("GetUserPolicy", data(1, "carol") + data(2, "p")),
    "list_user_policies": ("ListUserPolicies", data(1, "carol") + data(2, "P61") + number(3, 1)),
    "create_access_key": ("CreateAccessKey", data(1, "carol")),
    "update_access_key": ("UpdateAccessKey", data(1, "carol") + data(2, "AKIA" + "A" * 16) + number(3, 2)),
    "list_access_keys": ("ListAccessKeys", data(1, "carol") + data(2, "C41") + number(3, 1)),
    "delete_access_key": ("DeleteAccessKey", data(1, "carol") + data(2, "AKIA" + "A" * 16)),
    "delete_user_policy": ("DeleteUserPolicy", data(1, "carol") + data(2, "p")),
    "delete_user": ("DeleteUser", data(1, "carol")),
    "create_role": ("CreateRole", data(2, "night")),
    "put_role_policy": ("PutRolePolicy", data(1, "night") + data(2, "p") + data(3, POLICY)),
    "delete_role": ("DeleteRole", data(1, "night")),
    "list_aliases": ("ListAliases", data(1, uuid(KEY)) + number(2, 1) + data(3, "A616c696173")),
}

os.makedirs("corpus", exist_ok=True)
for name, (rpc, message) in SEEDS.items():
    with open(os.path.join("corpus", name), "wb") as file:
        file.write(bytes([RPCS.index(rpc)]) + message)
