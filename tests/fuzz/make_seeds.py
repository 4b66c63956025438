#!/usr/bin/env python3
"""Writes the seeds of the targets frame, messages and json, from the contract itself and with an encoder that is not ours.

Usage: tests/fuzz/make_seeds.py   (needs protoc and python3-protobuf; the seeds are kept in the repository)
"""
import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"


def load():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={folder}", "rewrap.proto", "hsm.proto"], check=True)
        sys.path.insert(0, folder)
        import hsm_pb2
        import rewrap_pb2
    return rewrap_pb2, hsm_pb2


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill(message):
    """Every field set, with two elements in every list and map, the last member of each oneof."""
    if message.DESCRIPTOR.name == "Timestamp":
        message.seconds, message.nanos = 1700000000, 125000000
        return message
    for field in message.DESCRIPTOR.fields:
        value = {field.CPPTYPE_STRING: "α-" + field.name, field.CPPTYPE_BOOL: True, field.CPPTYPE_INT32: 7, field.CPPTYPE_UINT32: 8,
                 field.CPPTYPE_INT64: 1700000000, field.CPPTYPE_UINT64: 2**40}.get(field.cpp_type)
        if field.type == field.TYPE_BYTES:
            value = b"\x00\x01\xfe\xff" + field.name.encode()
        if field.cpp_type == field.CPPTYPE_ENUM:
            value = field.enum_type.values[-1].number
        if is_map(field):
            getattr(message, field.name).update({"purpose": "seed", "": ""})
        elif field.message_type is not None and field.label == field.LABEL_REPEATED:
            for _ in range(2):
                fill(getattr(message, field.name).add())
        elif field.message_type is not None:
            fill(getattr(message, field.name))
            getattr(message, field.name).SetInParent()
        elif field.label == field.LABEL_REPEATED:
            getattr(message, field.name).extend([value, value])
        else:
            setattr(message, field.name, value)
    return message


def member_name(field_name):
    return "AWSAccountId" if field_name == "aws_account_id" else "".join(word.capitalize() for word in field_name.split("_"))


def as_json(message):
    out = {}
    for field, value in message.ListFields():
        def one(item):
            if field.message_type is not None and field.message_type.name == "Timestamp":
                return item.seconds + item.nanos / 1e9
            if field.message_type is not None:
                return as_json(item)
            if field.cpp_type == field.CPPTYPE_ENUM:
                return field.enum_type.values_by_number[item].name
            return base64.b64encode(item).decode() if field.type == field.TYPE_BYTES else item
        if is_map(field):
            out[member_name(field.name)] = dict(sorted(value.items()))
        else:
            out[member_name(field.name)] = [one(item) for item in value] if field.label == field.LABEL_REPEATED else one(value)
    return out


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def tagged(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def write(target, name, content):
    folder = HERE / target / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def main():
    rewrap, hsm = load()
    # in the order of service_method_at()
    methods = [method for service in rewrap.DESCRIPTOR.services_by_name.values() for method in service.methods]
    types = [rewrap.Request, rewrap.Response, hsm.Request, hsm.Response]
    for method in methods:
        types += [getattr(rewrap, method.input_type.name), getattr(rewrap, method.output_type.name)]
    full = [fill(kind()) for kind in types]
    for index, message in enumerate(full):
        package = message.DESCRIPTOR.full_name
        write("messages", package, bytes([index]) + message.SerializeToString(deterministic=True))
        if index >= 4:
            text = json.dumps(as_json(message), ensure_ascii=index % 4 < 2).encode()
            write("json", message.DESCRIPTOR.name, bytes([index - 4]) + text)

    names = [method.name for method in methods]
    re_encrypt = 4 + 2 * names.index("ReEncrypt")
    for field in hsm.Request.DESCRIPTOR.oneofs_by_name["body"].fields:
        arm = hsm.Request(id=1)
        fill(getattr(arm, field.name)).SetInParent()
        write("messages", f"hsm.Request.{field.name}", b"\x02" + arm.SerializeToString(deterministic=True))
    entry = tagged(1, b"k") + tagged(2, b"v")
    bad = {
        "map-key-twice": tagged(2, entry) + tagged(2, entry),
        "map-entry-empty": tagged(2, b""),
        "map-of-many": b"".join(tagged(2, tagged(1, b"%d" % (n % 40))) for n in range(41)),
        "string-with-nul": tagged(3, b"alias/\0x"),
        "string-not-utf8": tagged(3, b"\xed\xa0\x80"),
        "string-twice": tagged(3, b"a") + tagged(3, b"b"),
        "group": b"\x0b\x0c",
        "field-zero": b"\x02\x00",
        "wrong-wire-type": b"\x08\x01",
        "length-past-end": b"\x0a\xff\xff\xff\xff\x0f",
        "varint-without-end": b"\x48" + b"\xff" * 11,
        "packed-enums": tagged(10, b"\x01\x01\x01"),
        "unknown-fields": varint(1000 << 3) + b"\x05" + tagged(1001, b"new") + b"\xcd\x3e\x01\x02\x03\x04",
    }
    for name, content in bad.items():
        write("messages", name, bytes([re_encrypt]) + content)

    texts = {
        "numbers": '{"SourceEncryptionContext":{"a":1.50,"b":-0,"c":1e3,"d":true,"e":18446744073709551616,"f":12},"DryRun":null}',
        "bad-enum": '{"SourceEncryptionAlgorithm":"FOO"}',
        "bad-base64": '{"CiphertextBlob":"Zm9"}',
        "nul-escape": '{"SourceKeyId":"a\\u0000b"}',
        "nul-byte": '{"SourceEncryptionContext":{"a":0.5\0,"b":1}}',
        "surrogates": '{"SourceKeyId":"\\ud83d\\ude00 \\ud800"}',
        "duplicate": '{"DryRun":true,"DryRun":false}',
        "deep": '{"x":' * 17 + "1" + "}" * 17,
        "wrong-types": '{"GrantTokens":[null],"DryRunModifiers":{},"DestinationKeyId":7}',
        "unknown": '{"Nope":[1,{"a":2.5}],"DestinationKeyId":"alias/x"}',
    }
    for name, text in texts.items():
        write("json", name, b"\x00" + text.encode())
        write("json", name + "-strict", b"\x80" + text.encode())
    write("json", "bad-tag", bytes([2 * names.index("CreateKey")]) + b'{"Tags":[{"TagKey":"a"},{"TagKey":[]}]}')

    frames = [rewrap.Request(id=n, operation="ListKeys", body=b"").SerializeToString(deterministic=True) for n in (1, 2)]
    framed = b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
    write("frame", "two", framed)
    write("frame", "one-and-a-half", framed[:-5])
    write("frame", "empty", struct.pack(">I", 0) + b"x")
    write("frame", "oversized", struct.pack(">I", 384 * 1024 + 1))
    write("frame", "largest", struct.pack(">I", 384 * 1024) + b"cut short")


if __name__ == "__main__":
    main()
