"""What one caller can take of a token: never all of its queue, however many connections he has."""
import os
import signal

from client import Refused, create_key

QUEUE = 1024  # max-queue, by default
DEPTH = 8  # what the one worker has besides
SHARE = DEPTH + QUEUE - QUEUE // 4
WINDOW = 64  # max-in-flight of a connection, by default
CONNECTIONS = 16


def test_one_user_cannot_fill_the_queue(fresh_instance):
    instance = fresh_instance
    with instance.client() as connection:
        key = create_key(connection)
    (worker,) = instance.workers
    connections = [instance.client() for _ in range(CONNECTIONS)]
    os.kill(worker, signal.SIGSTOP)  # for less than deadline-ms: nothing is finished meanwhile
    try:
        for connection in connections:
            for _ in range(WINDOW):
                connection.send("Encrypt", timeout_ms=60000, key_id=key.key_id, plaintext=b"some")
        refused = []
        for connection in reversed(connections):  # the last were too many
            if len(refused) + SHARE == CONNECTIONS * WINDOW:
                break
            for _ in range(min(WINDOW, CONNECTIONS * WINDOW - SHARE - len(refused))):
                refused.append(connection.receive()[1])
    finally:
        os.kill(worker, signal.SIGCONT)
    assert len(refused) == CONNECTIONS * WINDOW - SHARE
    for answer in refused:
        assert isinstance(answer, Refused) and answer.code == "ThrottlingException" and answer.retryable, str(answer)
        assert "in flight" in str(answer)
    answered = 0
    for connection in connections:
        while connection.operations:
            answer = connection.receive()[1]
            assert not isinstance(answer, Refused), str(answer)
            answered += 1
    assert answered == SHARE
    with instance.client() as connection:  # the share is given back
        connection.call("Encrypt", key_id=key.key_id, plaintext=b"some")
    for connection in connections:
        connection.close()
