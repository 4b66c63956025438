#!/usr/bin/env python3
"""Writes the seeds of the target worker, from hsm.proto and with an encoder that is not ours.

Usage: tests/fuzz/worker/make_seeds.py   (needs protoc and python3-protobuf; the seeds are kept in the repository)
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent.parent / "proto"

with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={folder}", "hsm.proto"], check=True)
    sys.path.insert(0, folder)
    import hsm_pb2 as hsm

ENTRY = {"spec": hsm.KEY_SPEC_AES_256, "boundary": hsm.BOUNDARY_SEALED, "material_id": bytes(range(32))}
REFUSED = {"spec": hsm.KEY_SPEC_RSA_2048, "boundary": hsm.BOUNDARY_OPEN, "material_id": b"\x11" * 32, "refused_for": "CKA_TRUSTED"}
READY = {"status": hsm.HELLO_READY, "level": hsm.LEVEL_SEALED, "pads_payloads": True, "token_label": "rewrapd",
         "token_serial": "0001", "token_model": "a model",
         "algorithms": [hsm.ALGORITHM_SYMMETRIC_DEFAULT], "objects": [ENTRY, REFUSED]}


def frame(**members):
    packed = hsm.Response(**members).SerializeToString()
    return struct.pack(">I", len(packed)) + packed


def seed(name, first, *frames):
    (HERE / "corpus" / name).write_bytes(bytes([first]) + b"".join(frames))


OK = hsm.STATUS_OK
ENCRYPTED = frame(id=1, status=OK, ciphertext=b"c" * 40)
DECRYPTED = frame(id=2, status=OK, plaintext=b"p" * 16)
MADE = frame(id=3, status=OK, material_id=b"m" * 32)
LISTED = frame(id=4, status=OK, objects=[ENTRY, REFUSED])
CHECKED = frame(id=5, status=OK)
RANDOM = frame(id=6, status=OK, plaintext=b"r" * 24)
SHOWN = frame(id=7, status=OK, public_key=b"\x30" * 294)
DESTROYED = frame(id=8, status=OK)

seed("hello", 0, frame(id=1, status=OK, hello=READY))
seed("hello_in_parts", 0, frame(id=1, status=OK, hello=READY, more=True), frame(id=1, status=OK, objects=[ENTRY], more=True),
     frame(id=1, status=OK, objects=[REFUSED]))
seed("hello_pin_wrong", 0, frame(id=1, status=OK, hello={"status": hsm.HELLO_PIN_WRONG, "detail": "log in\n", "ckr": 0xA0}))
seed("hello_module", 0, frame(id=1, status=OK, hello={"status": hsm.HELLO_MODULE, "detail": "x" * 500, "ckr": 6}))
seed("hello_sensitive", 0, frame(id=1, status=OK, hello={**READY, "level": hsm.LEVEL_SENSITIVE, "level_reason": "CKA_TRUSTED",
                                                         "algorithms": [1, 2, 3]}))
seed("answers", 1, ENCRYPTED, DECRYPTED, MADE, LISTED, CHECKED, RANDOM, SHOWN, DESTROYED)
seed("short_random", 1, ENCRYPTED, DECRYPTED, MADE, LISTED, CHECKED, frame(id=6, status=OK, plaintext=b"r" * 23))
seed("long_public_key", 1, ENCRYPTED, DECRYPTED, MADE, LISTED, CHECKED, RANDOM, frame(id=7, status=OK, public_key=b"\x30" * 1025))
seed("key_kept", 1, ENCRYPTED, DECRYPTED, MADE, LISTED, CHECKED, RANDOM, SHOWN, frame(id=8, status=hsm.STATUS_KEY_KEPT, ckr=0x1B))
seed("list_in_parts", 1, ENCRYPTED, DECRYPTED, MADE, frame(id=4, status=OK, objects=[ENTRY], more=True), LISTED)
seed("refusals", 1, *[frame(id=i, status=hsm.STATUS_KEY_NOT_FOUND, detail="no such key", ckr=0x82) for i in range(1, 6)])
seed("token_gone", 1, ENCRYPTED, frame(id=2, status=hsm.STATUS_TOKEN_UNAVAILABLE, detail="C_UnwrapKey", ckr=0xE1))
seed("leaving", 1, ENCRYPTED, frame(id=2, status=hsm.STATUS_TOKEN_UNAVAILABLE, detail="C_Login", ckr=0xA0, leaving=hsm.HELLO_PIN_WRONG))
seed("leaving_oddly", 1, frame(id=1, status=hsm.STATUS_TOKEN_UNAVAILABLE, leaving=hsm.HELLO_LEVEL))
seed("too_many_objects", 1, ENCRYPTED, DECRYPTED, MADE, frame(id=4, status=OK, objects=[ENTRY] * 11))
seed("wrong_id", 1, DECRYPTED)
seed("oversized", 1, b"\x7f\xff\xff\xff")
seed("nothing", 1)
