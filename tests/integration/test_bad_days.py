"""What an operator meets at three in the morning: wrong PIN, token gone, disk full, a crowd, a stop."""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from client import Closed, Refused, create_key, encrypt
from instance import Instance, wait_for


# ---------------------------------------------------------------- PIN and token
def test_a_wrong_pin_is_tried_once_and_refuses_the_start(fresh_instance):
    instance = fresh_instance
    instance.stop()
    pin_file = instance.env["REWRAP_PIN_FILE"]
    with open(pin_file, encoding="ascii") as file:
        right = file.read()
    with open(pin_file, "w", encoding="ascii") as file:
        file.write("0000-wrong\n")
    started = instance.run("start", check=False)
    assert started.returncode != 0
    assert "left with status 78" in started.stderr, started.stderr
    last_start = instance.log[instance.log.rindex("--- started") :]
    assert pin_file in last_start and "PIN" in last_start
    assert "0000-wrong" not in instance.log
    assert len(re.findall(r"worker \d+ started", last_start)) == 1, "one process, which makes one attempt"

    with open(pin_file, "w", encoding="ascii") as file:
        file.write(right)
    instance.start()  # the token was not locked
    with instance.client() as connection:
        create_key(connection)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_pin_file_that_others_can_read_refuses_the_start(fresh_instance, mode):
    instance = fresh_instance
    instance.stop()
    os.chmod(instance.env["REWRAP_PIN_FILE"], mode)
    started = instance.run("start", check=False)
    assert started.returncode != 0 and "left with status 78" in started.stderr, started.stderr
    assert "lets others use it" in started.stderr
    os.chmod(instance.env["REWRAP_PIN_FILE"], 0o600)
    instance.start()


def test_a_token_that_is_not_there_refuses_the_start_and_may_come_back(fresh_instance):
    instance = fresh_instance
    instance.stop()
    tokens = os.path.join(instance.dir, "tokens")
    os.rename(tokens, tokens + ".away")
    os.mkdir(tokens, 0o700)
    started = instance.run("start", check=False)
    assert started.returncode != 0 and "left with status 75" in started.stderr, started.stderr
    os.rmdir(tokens)
    os.rename(tokens + ".away", tokens)
    instance.start()


def test_a_token_that_goes_away_is_missed_and_used_again_when_it_is_back(fresh_instance):
    instance = fresh_instance
    tokens = os.path.join(instance.dir, "tokens")
    with instance.client() as connection:
        source, destination = create_key(connection), create_key(connection)
        blob = encrypt(connection, source.key_id)
        request = {"ciphertext_blob": blob, "destination_key_id": destination.key_id}
        connection.call("ReEncrypt", **request)
        os.rename(tokens, tokens + ".away")
        try:
            for pid in instance.workers:  # SoftHSM keeps what it has read; a worker that starts now finds nothing
                os.kill(pid, signal.SIGKILL)

            def refused():
                try:
                    connection.call("ReEncrypt", **request)
                    return False
                except Refused as answer:
                    assert answer.code == "KeyUnavailableException", str(answer)
                    assert answer.retryable
                    return True

            wait_for(refused, "KeyUnavailableException")
            assert connection.call("DescribeKey", key_id=source.key_id).key_metadata.arn == source.arn
            assert connection.call("ListKeys").keys
        finally:
            os.rename(tokens + ".away", tokens)

        def served():
            try:
                connection.call("ReEncrypt", **request)
                return True
            except Refused:
                return False

        wait_for(served, "service without a restart", deadline_s=60)


# ---------------------------------------------------------------- disk
def test_a_full_disk_refuses_changes_and_keeps_what_was_answered(tmp_path):
    made = Instance(start=False)
    state = os.path.join(made.dir, "state")
    made.start()
    made.stop()
    # The registry's folder becomes a file system of two mebibytes.
    shutil.move(state, state + ".saved")
    os.mkdir(state, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "rewrapd-test", state], check=True)
    try:
        for name in os.listdir(state + ".saved"):
            shutil.move(os.path.join(state + ".saved", name), state)
        made.start()
        with made.client() as connection:
            key = create_key(connection, alias="alias/before")
            filler = os.path.join(state, "filler")
            with open(filler, "wb", buffering=0) as file:
                with pytest.raises(OSError):
                    while True:
                        file.write(b"x" * 4096)
            answered, failure = [], None
            for number in range(45):
                try:
                    connection.call("CreateAlias", alias_name=f"alias/full-{number}", target_key_id=key.key_id)
                    answered.append(f"alias/full-{number}")
                except Refused as refused:
                    failure = refused
                    break
            assert failure is not None, "two mebibytes that are full took 45 aliases"
            assert failure.code == "KMSInternalException", str(failure)
            assert connection.call("DescribeKey", key_id="alias/before").key_metadata.key_id == key.key_id
            os.unlink(filler)

            def created():
                try:
                    connection.call("CreateAlias", alias_name="alias/after", target_key_id=key.key_id)
                    return True
                except Refused as refused:
                    return refused.code == "AlreadyExistsException"

            wait_for(created, "a change once there is room again")
        made.stop()
        made.start()
        with made.client() as connection:
            names = {alias.alias_name for alias in connection.call("ListAliases", limit=100).aliases}
            assert {"alias/before", "alias/after", *answered} <= names
        made.stop()
    finally:
        made.run("stop", check=False)
        subprocess.run(["umount", "-l", state], check=False)
        made.remove()


# ---------------------------------------------------------------- a crowd
def test_one_connection_too_many_is_told_so(fresh_instance):
    instance = fresh_instance
    instance.stop()
    instance.configure("service", max_connections=8)
    instance.start()
    held = []
    try:
        for _ in range(6):  # three quarters of eight
            held.append(instance.client())
            held[-1].call("ListKeys")
        with instance.client() as refused:
            response = refused.read_response()
            assert response.error.code == "ThrottlingException"
            assert refused.is_closed_by_daemon()
        held.pop().close()

        def admitted():
            with instance.client() as connection:
                try:
                    connection.call("ListKeys")
                    return True
                except (Refused, Closed, OSError):
                    return False

        wait_for(admitted, "a place that became free")
    finally:
        for connection in held:
            connection.close()


def test_a_frame_that_does_not_end_and_answers_that_nobody_reads(fresh_instance):
    """A byte now and then keeps nobody's place: a frame has stall-timeout-ms to become whole, answers to be read."""
    instance = fresh_instance
    instance.stop()
    instance.configure("service", stall_timeout_ms=500)
    instance.start()
    with instance.client() as slow, instance.client() as idle:
        slow.write(b"\0\0\1\0")
        began = time.monotonic()

        def ended():
            try:
                slow.write(b"x")
                return False
            except (BrokenPipeError, ConnectionResetError):
                return True

        wait_for(ended, "the end of the slow connection", deadline_s=20)
        assert time.monotonic() - began >= 0.5
        idle.call("ListKeys")  # longer idle than that, and still welcome
    with instance.client() as deaf:
        create_key(deaf)
        for number in range(20000):
            try:
                deaf.socket.settimeout(0.5)
                deaf.send("ListKeys")
            except (socket.timeout, BrokenPipeError, ConnectionResetError):
                break
        assert number > 100
        wait_for(lambda: "does not read its answers" in instance.log, "the end of the one who does not read")
    with instance.client() as connection:
        connection.call("ListKeys")


def test_a_storm_of_connections_stops_nobody(fresh_instance):
    instance = fresh_instance
    ended = threading.Event()
    failures = []

    def storm():
        while not ended.is_set():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
                try:
                    caller.connect(instance.socket)  # blocks while the kernel's queue of the socket is full
                except OSError as failure:
                    failures.append(failure)
                    return

    threads = [threading.Thread(target=storm) for _ in range(4)]
    with instance.client() as connection:
        source, destination = create_key(connection), create_key(connection)
        blob = encrypt(connection, source.key_id)
        for thread in threads:
            thread.start()
        try:
            for _ in range(300):
                connection.call("ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.key_id)
        finally:
            ended.set()
            for thread in threads:
                thread.join(30)
    assert not failures, failures[0]


# ---------------------------------------------------------------- stopping
def test_a_stop_finishes_what_was_taken_and_refuses_the_rest(fresh_instance):
    instance = fresh_instance
    pid = instance.pid
    with instance.client() as connection:
        source, destination = create_key(connection), create_key(connection)
        blob = encrypt(connection, source.key_id, b"x" * 4096)
        request = {"ciphertext_blob": blob, "destination_key_id": destination.key_id}
        for _ in range(60):
            connection.send("ReEncrypt", **request)
        first = connection.receive()[1]
        assert not isinstance(first, Refused)
        os.kill(pid, signal.SIGTERM)
        finished = 0
        for _ in range(59):
            answer = connection.receive()[1]
            if isinstance(answer, Refused):
                assert answer.code == "ServiceUnavailableException" and answer.retryable, str(answer)
            else:
                finished += 1
        assert finished >= 8, "what the worker had at least was taken"
        assert connection.is_closed_by_daemon()
    wait_for(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the end of the daemon")
    assert not os.path.exists(instance.socket)
    assert "stopped" in instance.log
    instance.start()


def test_a_second_daemon_on_the_same_registry_is_refused(fresh_instance):
    instance = fresh_instance
    second = subprocess.run([os.path.join(instance.env["REWRAP_BIN"], "rewrapd"), "--config", instance.env["REWRAP_CONF"]],
                            capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **instance.env})
    assert second.returncode not in (0, -signal.SIGKILL)
    assert "registry" in second.stderr
    with instance.client() as connection:
        connection.call("ListKeys")
