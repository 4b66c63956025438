#!/usr/bin/env python3
"""Writes the seeds of this target with an encoder of its own (daemon/registry/src/wire.h). Usage: make_seeds.py"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
ACCOUNT = b"111122223333"
KEY_ID = bytes(range(16))


def text(value):
    return struct.pack(">H", len(value)) + value


def frame(kind, body=b"", sequence=1):
    return struct.pack(">IQB", 9 + len(body), sequence, kind) + body


def material(n, origin):
    return bytes([n]) * 32 + struct.pack(">QB", n, origin)


def key(token=b"main", description="invoices – 2024".encode(), numbers=(1, 1, 1, 1), deletion=0, rotation=(0, 0),
        revision=1, policy=b"", policy_ms=1700000000123, materials=(material(0, 1),), tags=()):
    return (KEY_ID + ACCOUNT + text(token) + text(description) + bytes(numbers) + struct.pack(">Q", 1700000000123)
            + struct.pack(">QHQQQ", deletion, *rotation, revision, policy_ms) + text(policy)
            + struct.pack(">H", len(materials)) + b"".join(materials)
            + struct.pack(">H", len(tags)) + b"".join(text(k) + text(v) for k, v in tags))


def removal(revision=3, retired=1700000000123):
    return KEY_ID + struct.pack(">QQ", revision, retired)


def retired(n, numbers=(1, 1)):
    return bytes([n]) * 32 + KEY_ID + ACCOUNT + text(b"main") + bytes(numbers) + struct.pack(">Q", 1700000000123)


def alias(name=b"alias/payroll"):
    return ACCOUNT + text(name) + KEY_ID + struct.pack(">QQ", 1700000000123, 1700000000124)


UNIQUE_ID = b"AIDA00000000000000001"
GRANT_ID = bytes(range(32))
POLICY = b'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}'


def access_key(n, secret=b"s" * 40, status=1):
    return b"AKIA%016d" % n + secret + struct.pack(">BQ", status, 1700000000123)


def principal(kind=1, name=b"alice", path=b"/staff/", unique_id=UNIQUE_ID, revision=1, policies=((b"p", POLICY),),
              keys=(access_key(1), access_key(2, status=2))):
    return (ACCOUNT + bytes([kind]) + text(name) + text(path) + unique_id + struct.pack(">QQ", 1700000000123, revision)
            + bytes([len(policies)]) + b"".join(text(n) + text(p) for n, p in policies)
            + bytes([len(keys)]) + b"".join(keys))


def departure(kind=1, name=b"alice", departed_ms=1700000000123, kept_ids=8):
    return ACCOUNT + bytes([kind]) + text(name) + struct.pack(">QB", departed_ms, kept_ids)


def pairs(*items):
    return bytes([len(items)]) + b"".join(text(k) + text(v) for k, v in items)


def grant(flags=0, name=b"", grantee=b"arn:aws:iam::111122223333:user/alice", retiring=b"", operations=48, arn=b"",
          constraints=b""):
    return (GRANT_ID + KEY_ID + struct.pack(">QB", 1700000000123, flags) + text(name) + text(grantee) + text(retiring)
            + ACCOUNT + struct.pack(">I", operations) + text(arn) + constraints)


ROTATED = (material(0, 1), material(1, 3), material(2, 2))
DELETION = 1700604800123

SEEDS = {
    "key_add": frame(1, key(tags=[(b"a", b""), (b"zone", "€".encode())])),
    "key_add_plain": frame(1, key(description=b"")),
    "key_replace": frame(5, key(revision=7, rotation=(365, 1731536000123), materials=ROTATED)),
    "key_remove": frame(6, removal()),
    "retired_remove": frame(7, bytes(32)),
    "alias_add": frame(2, alias()),
    "alias_retarget": frame(3, alias(b"alias/a/b_c-d:e")),
    "alias_remove": frame(4, alias()),
    "key_read": frame(64, KEY_ID),
    "alias_read": frame(65, alias()),
    "retired_read": frame(66, bytes(32)),
    "done": frame(128, b"\x00" + text(b"")),
    "done_store": frame(128, b"\x05" + text(b"database or disk is full")),
    "done_conflict": frame(128, b"\x03" + text(b"the key was changed meanwhile")),
    "key_row_rotated": frame(129, key(numbers=(1, 1, 3, 2), deletion=DELETION, materials=ROTATED)),
    "key_row_rsa": frame(129, key(numbers=(4, 1, 2, 1))),
    "key_gone": frame(130, KEY_ID + struct.pack(">H", 2) + retired(1) + retired(2, (4, 2))),
    "key_gone_empty": frame(130, KEY_ID + b"\0\0"),
    "alias_row": frame(131, alias()),
    "retired_row": frame(132, retired(1)),
    "no_row": frame(133),
    "ready": frame(134, sequence=0),
    "failed": frame(135, b"\x05" + text(b"disk I/O error"), sequence=0),
    "key_add_policy": frame(1, key(policy=POLICY, policy_ms=1700000000999)),
    "principal_add": frame(8, principal()),
    "principal_role": frame(8, principal(kind=2, path=b"/", unique_id=b"AROA00000000000000001", keys=())),
    "principal_replace": frame(9, principal(revision=7, policies=((b"a", POLICY), (b"b", POLICY)), keys=())),
    "principal_remove": frame(10, UNIQUE_ID + struct.pack(">Q", 7) + departure()),
    "principal_read": frame(67, UNIQUE_ID),
    "principal_read_removed": frame(67, UNIQUE_ID + departure()),
    "bad_departure": frame(10, UNIQUE_ID + struct.pack(">Q", 7) + departure(departed_ms=0)),
    "bad_departure_ids": frame(10, UNIQUE_ID + struct.pack(">Q", 7) + departure(kept_ids=9)),
    "principal_row": frame(136, principal(policies=(), keys=())),
    "grant_add": frame(11, grant()),
    "grant_full": frame(11, grant(11, b"job:1", b"logs.amazonaws.com", b"arn:aws:iam::111122223333:root", 131071,
                                  b"arn:aws:s3:eu-central-1:111122223333:b",
                                  pairs((b"a", b"1"), ("é".encode(), b"")) + pairs())),
    "grant_remove": frame(12, KEY_ID + GRANT_ID),
    "grant_read": frame(68, KEY_ID + GRANT_ID),
    "grant_row": frame(137, grant(2, constraints=pairs((b"tenant", b"a")))),
    "bad_default_time": frame(1, key(policy_ms=5)),
    "bad_policy_nul": frame(1, key(policy=b"{\0}")),
    "bad_policy_order": frame(8, principal(policies=((b"b", POLICY), (b"a", POLICY)))),
    "bad_kind_of_id": frame(8, principal(kind=2, keys=())),
    "bad_role_keys": frame(8, principal(kind=2, unique_id=b"AROA00000000000000001")),
    "bad_secret": frame(8, principal(keys=(access_key(1, b"\n" * 40),))),
    "bad_path": frame(8, principal(path=b"/a//b/")),
    "bad_grant_flags": frame(11, grant(16)),
    "bad_grant_pairs": frame(11, grant(1, constraints=b"\x09")),
    "bad_grant_twice": frame(11, grant(1, constraints=pairs((b"a", b"1"), (b"a", b"2")))),
    "bad_grant_operations": frame(11, grant(operations=0)),
    "stream": (frame(1, key()) + frame(2, alias(), 2) + frame(64, KEY_ID, 3)
               + frame(128, b"\x01" + text(b"is there already"), 4) + frame(6, removal(), 5)),
    "bad_duplicate_tag": frame(1, key(tags=[(b"a", b""), (b"a", b"")])),
    "bad_duplicate_material": frame(5, key(materials=(material(0, 1), material(0, 3)))),
    "bad_origin": frame(5, key(materials=(material(0, 1), material(1, 1)))),
    "bad_rsa_rotation": frame(5, key(numbers=(2, 1, 1, 1), materials=ROTATED)),
    "bad_deletion": frame(5, key(deletion=DELETION)),
    "bad_rotation": frame(5, key(rotation=(89, DELETION))),
    "bad_revision": frame(6, removal(revision=0)),
    "bad_retired": frame(132, retired(1, (5, 1))),
    "bad_retired_count": frame(130, KEY_ID + b"\xff\xff" + retired(1)),
    "bad_utf8": frame(1, key(description=b"\xed\xa0\x80")),
    "bad_name": frame(2, alias(b"alias/a b")),
    "bad_length": struct.pack(">I", 0xFFFFFFFF),
}

for name, seed in SEEDS.items():
    (CORPUS / name).write_bytes(seed)
