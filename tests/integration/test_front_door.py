"""packaging/instance: start, env, stop, again; and what a restart keeps."""
import os
import re
import stat
import subprocess

import pytest

import client as c
from client import Refused
from instance import BIN, INSTANCE, Instance, wait_for

PROMISED = ["REWRAP_SOCKET", "REWRAP_BIN", "REWRAP_MODULE", "REWRAP_TOKEN_URI", "REWRAP_PIN_FILE", "REWRAP_SO_PIN_FILE", "SOFTHSM2_CONF"]


def test_env_has_what_is_promised(instance):
    assert set(PROMISED) <= set(instance.env)
    for name in ("REWRAP_SOCKET", "REWRAP_BIN", "REWRAP_MODULE", "REWRAP_PIN_FILE", "REWRAP_SO_PIN_FILE", "SOFTHSM2_CONF", "REWRAP_CONF"):
        assert os.path.exists(instance.env[name]), name
    assert os.path.realpath(instance.env["REWRAP_BIN"]) == os.path.realpath(BIN)


def test_env_survives_odd_names():
    made = Instance(start=False)
    made.dir += " with 'quotes' $and spaces"
    try:
        made.start()
        assert list(made.client().call("ListKeys").keys) == []
        assert "quotes" in made.env["REWRAP_PIN_FILE"]
    finally:
        made.remove()


def test_secrets_are_private(instance):
    assert stat.S_IMODE(os.stat(instance.dir).st_mode) == 0o700
    for name in ("REWRAP_PIN_FILE", "REWRAP_SO_PIN_FILE"):
        assert stat.S_IMODE(os.stat(instance.env[name]).st_mode) == 0o600
    for folder, _, names in os.walk(instance.dir):
        for name in names:
            mode = os.lstat(os.path.join(folder, name)).st_mode
            assert not mode & 0o077, f"{name} can be used by others: {oct(mode)}"


def test_pins_are_not_in_arguments_or_logs(instance):
    pins = []
    for name in ("REWRAP_PIN_FILE", "REWRAP_SO_PIN_FILE"):
        with open(instance.env[name], encoding="ascii") as file:
            pins.append(file.read().strip())
    assert len(set(pins)) == 2 and all(len(pin) >= 16 for pin in pins)

    children = subprocess.run(["pgrep", "-P", str(instance.pid)], capture_output=True, text=True, check=True).stdout.split()
    assert children  # the worker, at least
    texts = [instance.log]
    for pid in [str(instance.pid), *children]:
        for file_name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{file_name}", encoding="utf-8", errors="replace") as file:
                    texts.append(file.read())
            except PermissionError:  # a process without core dumps shows its environment to root only
                assert file_name == "environ" and os.getuid() != 0
    for file_name in ("ceremony.log", "rewrapd.conf", "softhsm2.conf"):
        with open(os.path.join(instance.dir, file_name), encoding="utf-8") as file:
            texts.append(file.read())
    for pin in pins:
        assert not any(pin in text for text in texts)


def test_start_twice_says_so(instance):
    before = instance.pid
    done = instance.run("start")
    assert "already runs" in done.stdout
    assert instance.pid == before


def test_principals_of_the_sockets(instance):
    """root and alice share an account, root2 and bob another; neither sees the other's keys, and users need a policy."""
    with instance.client() as root, instance.client("alice") as alice, instance.client("root2") as root2, instance.client("bob") as bob:
        key = c.create_key(root)
        assert key.arn.startswith("arn:aws:kms:eu-central-1:111122223333:key/")
        with pytest.raises(Refused) as refused:
            alice.call("DescribeKey", key_id=key.key_id)
        assert refused.value.code == "AccessDeniedException"
        assert "no identity-based policy allows the kms:DescribeKey action" in refused.value.message
        with pytest.raises(Refused):
            c.create_key(bob)
        other = c.create_key(root2)
        assert other.arn.startswith("arn:aws:kms:eu-central-1:444455556666:key/")
        assert root2.call("DescribeKey", key_id=other.arn).key_metadata.key_id == other.key_id
        with pytest.raises(Refused) as refused:
            root2.call("DescribeKey", key_id=key.arn)
        assert refused.value.code == "AccessDeniedException"


def test_restart_keeps_keys_and_ciphertexts(fresh_instance):
    inst = fresh_instance
    with inst.client() as client:
        sealed = c.create_key(client, alias="alias/kept-sealed")
        opened = c.create_key(client, alias="alias/kept-open", boundary="OPEN", description="stays")
        under_sealed = c.encrypt(client, "alias/kept-sealed", b"sealed text", {"a": "b"})
        under_open = c.encrypt(client, "alias/kept-open", b"open text", {"a": "b"})
    token = sorted(os.listdir(os.path.join(inst.dir, "tokens")))
    socket = inst.socket

    assert "stopped" in inst.stop().stdout
    assert not inst.is_running()
    assert not os.path.exists(socket)
    with pytest.raises(OSError):
        inst.client()
    assert "was not running" in inst.stop().stdout

    inst.start()
    assert sorted(os.listdir(os.path.join(inst.dir, "tokens"))) == token
    with inst.client() as client:
        keys = {entry.key_id for entry in client.call("ListKeys").keys}
        assert {sealed.key_id, opened.key_id} <= keys
        assert client.call("DescribeKey", key_id="alias/kept-open").key_metadata.description == "stays"
        assert c.decrypt(client, under_open, {"a": "b"}) == b"open text"
        moved = client.call("ReEncrypt", ciphertext_blob=under_sealed, source_encryption_context={"a": "b"}, destination_key_id=sealed.arn)
        assert moved.source_key_id == sealed.arn
        # The stock goes on where it was: no material is given out twice.
        again = c.create_key(client)
        assert again.current_key_material_id not in (sealed.current_key_material_id, opened.current_key_material_id)


def test_workers_option(fresh_instance):
    inst = fresh_instance
    inst.stop()
    inst.start("--workers", "2")
    wait_for(lambda: len(subprocess.run(["pgrep", "-P", str(inst.pid), "rewrapd-hsm"], capture_output=True, text=True,
                                        check=False).stdout.split()) == 2, "two workers")
    done = inst.run("start", "--workers", "0", check=False)
    assert done.returncode != 0 and "--workers" in done.stderr


def test_killed_daemon_is_started_again(fresh_instance):
    inst = fresh_instance
    with inst.client() as client:
        key = c.create_key(client)
    os.kill(inst.pid, 9)
    wait_for(lambda: not inst.is_running(), "the daemon's end")
    inst.start()
    with inst.client() as client:
        assert client.call("DescribeKey", key_id=key.key_id).key_metadata.arn == key.arn


def test_bad_configuration_fails_with_the_log(fresh_instance):
    inst = fresh_instance
    inst.stop()
    inst.configure("service", no_such_key="1")
    done = inst.run("start", check=False)
    assert done.returncode != 0
    assert "no-such-key" in done.stderr and "rewrapd.conf" in done.stderr
    assert re.search(r"status 78", done.stderr)


def test_wrong_pin_fails_once_and_does_not_lock(fresh_instance):
    inst = fresh_instance
    inst.stop()
    with open(inst.env["REWRAP_PIN_FILE"], encoding="ascii") as file:
        right = file.read()
    with open(inst.env["REWRAP_PIN_FILE"], "w", encoding="ascii") as file:
        file.write("not the pin")
    done = inst.run("start", check=False)
    assert done.returncode != 0
    assert "status 78" in done.stderr
    with open(inst.env["REWRAP_PIN_FILE"], "w", encoding="ascii") as file:
        file.write(right)
    inst.start()
    inst.client().call("ListKeys")


def test_long_folder_gets_short_sockets():
    """A socket's path has 107 bytes: the sockets of a longer DIR are elsewhere, and gone after a stop."""
    made = Instance(start=False)
    made.dir = os.path.join(made.dir, "d" * 100)
    try:
        made.start()
        assert len(made.socket) <= 107 and not made.socket.startswith(made.dir)
        folder = os.path.dirname(made.socket)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        made.client().call("ListKeys")
        made.stop()
        assert not os.path.exists(folder)
    finally:
        made.remove()


@pytest.mark.parametrize("arguments", [[], ["start"], ["frobnicate", "/tmp/x"], ["env", "/tmp/x", "more"], ["start", "/tmp/x", "--nonsense"]])
def test_usage(arguments):
    done = subprocess.run([INSTANCE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "instance start DIR" in done.stderr


def test_refuses_a_folder_of_something_else(tmp_path):
    (tmp_path / "letters").write_text("not yours")
    for command in ("start", "env"):
        done = subprocess.run([INSTANCE, command, str(tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 1
    assert (tmp_path / "letters").read_text() == "not yours"
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
