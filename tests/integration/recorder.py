"""Makes changes for as long as the daemon answers, and remembers what was answered: for tests that kill it."""
import threading

from client import Closed


class Recorder(threading.Thread):
    """A connection of its own, on which record() is run until it returns or the daemon is gone."""

    def __init__(self, instance):
        super().__init__(daemon=True)
        self.connection = instance.client()
        self.failure = None

    def record(self):
        raise NotImplementedError

    def run(self):
        try:
            self.record()
        except Exception as failure:  # seen by the test, not lost in a thread
            # A daemon that does not answer in time is not one that is gone.
            if isinstance(failure, TimeoutError) or not isinstance(failure, (Closed, OSError)):
                self.failure = failure
        finally:
            self.connection.close()

    def finish(self):
        """Waits for its end, when the daemon is gone."""
        self.join(30)
        assert not self.is_alive()
        assert self.failure is None, self.failure
