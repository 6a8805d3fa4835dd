"""What makes trouble while mails come: one thread kills and starves, another one is a bad relay."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..scripted_relay import Deed
from .databases import Store, Trouble
from .faulty_relay import FaultyRelay
from .supervisor import Keeper

_START_SECONDS = 60.0


class FaultSchedule(NamedTuple):
    """How often faults come and how long they last, in seconds: the pause between two, the duration, the maxima.

    `kills`: in each round, how often the server is killed at least; every way to kill it comes once.
    """

    pause: float
    lasts: float
    lock: float
    silence: float
    kills: int


# The short one is for a test suite, where each start of a server costs a second. The long lock is longer than a mail
# waits for a database.
SHORT = FaultSchedule(0.6, 0.8, 3.0, 1.0, kills=1)
LONG = FaultSchedule(2.0, 3.0, 30.0, 35.0, kills=3)


class Troublemaker:
    """Kills the server and puts its database into every trouble, in an order of its own, over and over."""

    def __init__(
        self, keeper: Keeper, store: Store, relay: FaultyRelay, pace: FaultSchedule, rand: random.Random
    ) -> None:
        self.done: Counter[str] = Counter()
        self._keeper = keeper
        self._store = store
        self._relay = relay
        self._pace = pace
        self._rand = rand
        self._locked_long = False
        self._ways_to_kill = keeper.ways_to_kill()

    def make(self, seconds: float) -> None:
        """Make trouble for about so long, of every kind at least once; then all is well again."""
        half, end = time.monotonic() + seconds / 2, time.monotonic() + seconds
        self._until(half)
        if self._store.move(self._keeper):
            self.done["moved to another disk"] += 1
            self._keeper.await_ready(_START_SECONDS)
            self._until(end)
        elif time.monotonic() < end:
            self._until(end)

    def _until(self, end: float) -> None:
        """Every trouble there is, in rounds, until it is time."""
        while True:
            for trouble in self._round():
                self._suffer(trouble)
            if time.monotonic() > end:
                return

    def _round(self) -> list[Trouble]:
        kills = [Trouble(name, lambda kill=kill: self._killed(kill)) for name, kill in self._ways_to_kill.items()]  # type: ignore[misc] # mypy infers no lambda with a default
        own = kills * max(1, self._pace.kills // len(kills)) + [Trouble("relay away", self._relay_away)]
        every = own + self._store.troubles(self._keeper)
        self._rand.shuffle(every)
        return every

    def _suffer(self, trouble: Trouble) -> None:
        time.sleep(self._pace.pause * 2 * self._rand.random())
        self._keeper.await_ready(_START_SECONDS)
        with trouble.during():
            self.done[trouble.name] += 1
            seconds = self._seconds(trouble)
            time.sleep(seconds / 2)
            # In the middle of other trouble too, also while it tries to start.
            name, kill = self._rand.choice(list(self._ways_to_kill.items()))
            if self._rand.random() < 0.3 and kill():
                self.done[name] += 1
            time.sleep(seconds / 2)

    def _seconds(self, trouble: Trouble) -> float:
        if trouble.name == "locked" and not self._locked_long:
            self._locked_long = True
            return self._pace.lock
        return self._pace.lasts * 2 * self._rand.random()

    @contextmanager
    def _killed(self, kill: Callable[[], bool]) -> Iterator[None]:
        # Not always long after it has started.
        time.sleep(self._pace.lasts * self._rand.random() ** 2)
        kill()
        yield

    @contextmanager
    def _relay_away(self) -> Iterator[None]:
        self._relay.stop()
        try:
            yield
        finally:
            self._relay.start()


class BadRelay:
    """Lets the relay fail at one step after another, in a thread."""

    STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "DOT", "STORED", "AFTER")

    def __init__(self, relay: FaultyRelay, pace: FaultSchedule, rand: random.Random) -> None:
        self._relay = relay
        self._pace = pace
        self._rand = rand
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="bad relay")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the relay do its duty from now on."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._relay.disarm()

    def _run(self) -> None:
        steps: list[str] = []
        while not self._ending.wait(self._pace.pause * self._rand.random()):
            # One after the other: a courier that fails every time rests longer and longer.
            if self._relay.is_armed:
                continue
            if not steps:
                steps = self._rand.sample(self.STEPS, len(self.STEPS))
            self._arm(steps.pop())

    def _arm(self, step: str) -> None:
        deed = self._deed(step)
        self._relay.arm(step, deed)
        if step in ("CONNECT", "EHLO"):
            # A kept connection would never come to these.
            self._relay.arm("AFTER", Deed(drops=True))

    def _deed(self, step: str) -> Deed:
        """Something that a relay can do at this step; in the middle of a letter and after the end it cannot refuse."""
        silence = self._pace.silence if self._rand.random() < 0.03 else 1.5 * self._rand.random()
        can_refuse = step not in ("BODY", "STORED", "AFTER")
        refusals = [Deed("451 4.3.0 later"), Deed("421 4.3.2 closing", drops=False), Deed("554 5.6.0 not wanted here")]
        deeds = [Deed(drops=True), Deed(silence=silence, drops=True)]
        if step != "AFTER":
            deeds.append(Deed(silence=silence))
        return self._rand.choice([*refusals, *deeds] if can_refuse else deeds)
