"""Programs at the far end that answer every letter after some time, and the hours in which they do."""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from mail_tickets.mail.addresses import address_key
from tests.support.world import Actor, Letter, World

Answer = Callable[[Letter], object]


class AnsweringPrograms:
    """What each address does with a letter, and after how many minutes."""

    def __init__(self, world: World, minutes: float) -> None:
        self.world = world
        self._delay = timedelta(minutes=minutes)
        self._answers: dict[str, Answer] = {}
        self._due: list[tuple[datetime, int, Answer, Letter]] = []
        self._order = count()
        self._seen = len(world.far_end.letters)

    def answer(self, email: str, answer: Answer) -> None:
        """Let an address answer each letter from now on."""
        self._answers[address_key(email)] = answer

    def hours_pass(self, hours: float) -> list[Letter]:
        """Let every letter be answered in its time; the letters that we send meanwhile."""
        clock, before = self.world.clock, self._seen
        end = clock.now + timedelta(hours=hours)
        while clock.now < end:
            self._take()
            tick = clock.now + timedelta(minutes=10)
            if self._due and self._due[0][0] <= tick:
                moment, _, answer, letter = heapq.heappop(self._due)
                clock.now = max(clock.now, moment)
                answer(letter)
            else:
                clock.now = tick
            self.world.settle()
        return self.world.far_end.letters[before:]

    def _take(self) -> None:
        for letter in self.world.far_end.letters[self._seen :]:
            answer = self._answers.get(address_key(letter.recipient))
            if answer is not None:
                heapq.heappush(self._due, (self.world.clock.now + self._delay, next(self._order), answer, letter))
        self._seen = len(self.world.far_end.letters)


def numbers() -> Iterator[int]:
    """Numbers as programs give them to what they get."""
    return count(7_001)


def away_note(who: Actor, words: Callable[[Letter], str], *, threaded: bool = True) -> Answer:
    """Answers as an away-note does that says nowhere that it is one."""

    def write(letter: Letter) -> None:
        answered = letter if threaded else None
        who.writes(letter["Reply-To"] or letter["From"], words(letter), subject=letter["Subject"], answering=answered)

    return write
