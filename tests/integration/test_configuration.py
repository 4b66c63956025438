"""The configuration while it runs: a bad one changes nothing, a good one takes effect, whole; and --check-config."""
import os
import re
import signal
import subprocess

import pytest

from client import Client, Refused, create_key, encrypt
from instance import wait_for


def hang_up(instance):
    """SIGHUP, and waits until its outcome is in the log."""
    before = len(instance.log)
    os.kill(instance.pid, signal.SIGHUP)
    wait_for(lambda: re.search("in force", instance.log[before:]), "the outcome of the reload")
    return instance.log[before:]


def test_a_bad_new_configuration_is_refused_and_the_old_one_kept(fresh_instance):
    instance = fresh_instance
    path = instance.env["REWRAP_CONF"]
    with open(path, encoding="utf-8") as file:
        good = file.read()
    for bad, said in [
        (good + "\n[colours]\n", "there is no section"),
        (good.replace("region = eu-central-1", "region = eu-central-2"), "region changed, which takes a restart"),
        (good + "colour = red\n", "has no key 'colour'"),
        ("", "is not set"),
    ]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(bad)
        assert said in hang_up(instance)
        checked = subprocess.run([os.path.join(instance.env["REWRAP_BIN"], "rewrapd"), "--config", path, "--check-config"],
                                 capture_output=True, text=True, check=False)
        assert checked.returncode == (0 if "restart" in said else 78), checked.stderr
        assert "the last reload was refused" in instance.ctl("doctor").stdout
        with instance.client() as connection:
            connection.call("ListKeys")
        with instance.client("root2") as connection:
            connection.call("ListKeys")


def test_a_good_new_configuration_takes_effect(fresh_instance):
    instance = fresh_instance
    path = instance.env["REWRAP_CONF"]
    added = os.path.join(os.path.dirname(instance.socket), "added.sock")
    with instance.client("bob") as bob, instance.client() as root:
        key = create_key(root)
        for user in ("bob", "carol"):
            root.call("CreateUser", user_name=user)
            root.call("PutUserPolicy", user_name=user, policy_name="all",
                      policy_document='{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}')
        with pytest.raises(Refused):
            bob.call("Encrypt", key_id=key.arn, plaintext=b"x")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("arn:aws:iam::444455556666:user/bob", "arn:aws:iam::111122223333:user/bob")
        text += f"\n[listen added]\npath = {added}\nprincipal = arn:aws:iam::111122223333:user/carol\n"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        assert "the new configuration is in force" in hang_up(instance)
        bob.call("Encrypt", key_id=key.arn, plaintext=b"x")  # the same connection: looked up again
        with Client(added) as carol:
            assert [entry.key_id for entry in carol.call("ListKeys").keys] == [key.key_id]
        root.call("ListKeys")
        text = text[: text.index("\n[listen added]")]
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        hang_up(instance)
        assert not os.path.exists(added)


def test_a_socket_that_cannot_be_made_changes_nothing(fresh_instance):
    """All of the new configuration or nothing of it: the sockets in force are not closed before the others are open."""
    instance = fresh_instance
    path = instance.env["REWRAP_CONF"]
    with open(path, encoding="utf-8") as file:
        good = file.read()
    blocked = os.path.join(instance.dir, "blocked")
    with open(blocked, "w", encoding="utf-8"):
        pass  # a file that is no socket
    added = "\n[listen added]\npath = {}\nprincipal = arn:aws:iam::111122223333:user/carol\n"
    fine = os.path.join(os.path.dirname(instance.socket), "fine.sock")
    for bad in [good.replace("[listen main]", "[listen main]\ngroup = no-such-group"),
                good.replace("mode = 0600", "mode = 0640") + added.format(fine) + added.format(blocked).replace("added", "blocked"),
                good + added.format("/no-such-folder/x.sock")]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(bad)
        assert "keeping the configuration that is in force" in hang_up(instance)
        assert not os.path.exists(fine)
        assert os.stat(instance.socket).st_mode & 0o777 == 0o600
        with instance.client() as connection:
            connection.call("ListKeys")
    with open(path, "w", encoding="utf-8") as file:
        file.write(good.replace("mode = 0600", "mode = 0640"))
    assert "the new configuration is in force" in hang_up(instance)
    assert os.stat(instance.socket).st_mode & 0o777 == 0o640
    with instance.client() as connection:
        connection.call("ListKeys")


def test_a_hangup_while_stopping_opens_nothing(fresh_instance):
    instance = fresh_instance
    pid = instance.pid
    with instance.client() as connection:
        key = create_key(connection)
        blob = encrypt(connection, key.key_id, b"x" * 4096)
        for _ in range(60):
            connection.send("ReEncrypt", ciphertext_blob=blob, destination_key_id=key.key_id)
        connection.receive()
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGHUP)
        assert connection.is_closed_by_daemon()  # which waits for whoever does not read his answers
    wait_for(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the end of the daemon")
    assert not os.path.exists(instance.socket)
    instance.start()


def test_a_hangup_while_starting_is_done_afterwards(fresh_instance):
    instance = fresh_instance
    instance.stop()
    daemon = subprocess.Popen([os.path.join(instance.env["REWRAP_BIN"], "rewrapd"), "--config", instance.env["REWRAP_CONF"]],
                              stderr=subprocess.PIPE, text=True, env={**os.environ, **instance.env})
    try:
        lines = []
        for line in daemon.stderr:
            lines.append(line)
            if "worker" in line and "started" in line:
                daemon.send_signal(signal.SIGHUP)
            if "the new configuration is in force" in line:
                break
        assert daemon.poll() is None, "".join(lines)
        with instance.client() as connection:
            connection.call("ListKeys")
    finally:
        daemon.terminate()
        daemon.communicate(timeout=60)
    assert daemon.returncode == 0


def test_check_config_prints_file_and_line(tmp_path, fresh_instance):
    bad = tmp_path / "bad.conf"
    bad.write_text("[service]\nregion = eu-central-1\ncolour = red\n")
    checked = subprocess.run([os.path.join(fresh_instance.env["REWRAP_BIN"], "rewrapd"), "--config", str(bad), "--check-config"],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 78
    assert f"{bad}:3: [service] has no key 'colour'" in checked.stderr
