"""Several workers on one token that start together: full starts of the daemon, and all workers killed at once.

tests/faults/test_together.c does the same fifty times over, without the waits between two starts that rewrapd keeps.
"""
import os
import signal

from client import create_key, encrypt
from instance import Instance, wait_for

STARTS = 3


def serves(connection, request, times):
    answers = connection.call_all([("ReEncrypt", request)] * times, window=16)
    return [answer for answer in answers if isinstance(answer, Exception)]


def test_workers_that_start_together():
    made = Instance(start=False)
    try:
        made.start("--workers", "2")
        with made.client() as connection:
            source, destination = create_key(connection), create_key(connection)
            request = {"ciphertext_blob": encrypt(connection, source.key_id), "destination_key_id": destination.key_id}
        for number in range(STARTS):
            workers = 2 + number % 3
            made.stop()
            before = len(made.log)
            made.start("--workers", str(workers))
            wait_for(lambda: made.log[before:].count("is ready") == workers, "all workers to be ready")
            with made.client() as connection:
                assert serves(connection, request, 64) == []
                killed = made.workers
                assert len(killed) == workers
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                wait_for(lambda: made.log[before:].count("is ready") == 2 * workers, "all workers to be ready again", deadline_s=60)
                assert not set(killed) & set(made.workers)
                assert serves(connection, request, 64) == []
            # Nothing but the kills has gone wrong.
            assert made.log[before:].count("worker") and "could not" not in made.log[before:]
            assert made.log[before:].count(" started\n") == 2 * workers, made.log[before:]
    finally:
        made.remove()
