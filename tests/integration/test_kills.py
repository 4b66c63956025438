"""Killed processes: nothing that was answered is lost, and the next request works."""
import os
import signal

import pytest

from client import Refused, create_key, decrypt, encrypt, pages
from instance import children, wait_for
from recorder import Recorder


class Aliases(Recorder):
    """Makes aliases of one key."""

    def __init__(self, instance, key_id, prefix):
        super().__init__(instance)
        self.key_id = key_id
        self.prefix = prefix
        self.acknowledged = []

    def record(self):
        for number in range(45):  # fewer than the 50 aliases that a key may have
            name = f"alias/{self.prefix}-{number}"
            self.connection.call("CreateAlias", alias_name=name, target_key_id=self.key_id)
            self.acknowledged.append(name)


@pytest.mark.parametrize("acknowledged_first", [1, 7, 40])
def test_killing_the_daemon_loses_nothing_that_was_answered(fresh_instance, acknowledged_first):
    instance = fresh_instance
    with instance.client() as connection:
        keys = [create_key(connection) for _ in range(3)]
    recorders = [Aliases(instance, key.key_id, f"k{number}") for number, key in enumerate(keys)]
    for recorder in recorders:
        recorder.start()
    wait_for(lambda: sum(len(r.acknowledged) for r in recorders) >= acknowledged_first, "some aliases")
    os.kill(instance.pid, signal.SIGKILL)
    for recorder in recorders:
        recorder.finish()

    instance.start()
    with instance.client() as connection:
        listed = {key.key_id for key in pages(connection, "ListKeys", "keys")}
        assert {key.key_id for key in keys} <= listed
        aliases = {alias.alias_name: alias.target_key_id for alias in pages(connection, "ListAliases", "aliases")}
        for recorder in recorders:
            for name in recorder.acknowledged:
                assert aliases.get(name) == recorder.key_id
        blob = encrypt(connection, keys[0].key_id)
        assert connection.call("ReEncrypt", ciphertext_blob=blob, destination_key_id=keys[1].key_id).key_id == keys[1].arn


def test_killing_the_daemon_takes_its_processes_with_it(fresh_instance):
    instance = fresh_instance
    pid = instance.pid
    offspring = [child for pids in children(pid).values() for child in pids]
    assert len(offspring) >= 2, "a worker and the registry's writer"
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(os.path.exists(f"/proc/{child}/exe") for child in offspring), "the children's end")


def test_a_killed_worker_costs_at_most_the_request_it_was_at(fresh_instance):
    """The first restart is at once, and what is queued waits for it: of all the others none is lost."""
    instance = fresh_instance
    with instance.client() as connection:
        source, destination = create_key(connection, boundary="OPEN"), create_key(connection, boundary="OPEN")
        blob = encrypt(connection, source.key_id, b"kept")

        def send():
            connection.send("ReEncrypt", ciphertext_blob=blob, destination_key_id=destination.key_id)

        answers = []
        for _ in range(32):
            send()
        for _ in range(200):
            answers.append(connection.receive()[1])
            send()
        (worker,) = instance.workers
        os.kill(worker, signal.SIGKILL)
        for _ in range(400):
            answers.append(connection.receive()[1])
            send()
        for _ in range(32):
            answers.append(connection.receive()[1])
        assert worker not in instance.workers
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(refused) <= 1, [str(answer) for answer in refused]
        assert all(answer.code == "KeyUnavailableException" and answer.retryable for answer in refused)
        for answer in [answer for answer in answers if not isinstance(answer, Refused)][::50]:
            assert decrypt(connection, answer.ciphertext_blob) == b"kept"


def test_workers_that_die_again_and_again_are_waited_for_longer_and_come_back(fresh_instance):
    """During a wait requests fail at once instead of hanging, and say that they can be repeated."""
    instance = fresh_instance
    with instance.client() as connection:
        key = create_key(connection)
        for _ in range(3):
            worker = wait_for(lambda: instance.workers, "a worker")[0]
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda: worker not in instance.workers, "the end of the worker")

        def up():
            try:
                return bool(encrypt(connection, key.key_id))
            except Refused as refused:
                assert refused.code == "KeyUnavailableException" and refused.retryable, str(refused)
                return False

        wait_for(up, "a worker after the last kill")


def test_a_killed_worker_of_two_costs_one_request(fresh_instance):
    """The other worker takes over what was queued: only what the dead one was at may fail."""
    instance = fresh_instance
    instance.stop()
    instance.start("--workers", "2")
    wait_for(lambda: len(instance.workers) == 2, "two workers")
    with instance.client() as connection:
        source, destination = create_key(connection), create_key(connection)
        blob = encrypt(connection, source.key_id)
        wait_for(lambda: instance.log.count("ready") >= 3, "both workers to be ready")  # one of the start before
        request = ("ReEncrypt", {"ciphertext_blob": blob, "destination_key_id": destination.key_id})
        sent = 0
        for _ in range(32):
            connection.send(request[0], **request[1])
            sent += 1
        os.kill(instance.workers[0], signal.SIGKILL)
        for _ in range(500):
            connection.send(request[0], **request[1])
            sent += 1
            if sent % 16 == 0:
                break
        answers = [connection.receive()[1] for _ in range(sent)]
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(refused) <= 1, [str(answer) for answer in refused]


def test_a_killed_writer_of_the_registry_is_replaced(fresh_instance):
    instance = fresh_instance
    with instance.client() as connection:
        key = create_key(connection, alias="alias/before")
        processes = children(instance.pid)
        writers = [pid for name, pids in processes.items() if name != "rewrapd-hsm" for pid in pids]
        assert len(writers) == 1, processes
        os.kill(writers[0], signal.SIGKILL)

        def created():
            try:
                connection.call("CreateAlias", alias_name="alias/after", target_key_id=key.key_id)
                return True
            except Refused as refused:
                # Outcome unknown is an honest answer; then it may already be there.
                assert refused.code in ("KMSInternalException", "AlreadyExistsException"), str(refused)
                return refused.code == "AlreadyExistsException"

        wait_for(created, "a change after the writer was killed")
        names = {alias.alias_name for alias in pages(connection, "ListAliases", "aliases")}
        assert names == {"alias/before", "alias/after"}
    instance.stop()
    instance.start()
    with instance.client() as connection:
        names = {alias.alias_name for alias in pages(connection, "ListAliases", "aliases")}
        assert names == {"alias/before", "alias/after"}
