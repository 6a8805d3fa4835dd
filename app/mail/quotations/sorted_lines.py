"""A mail, read line by line: what its client, its signature and its telephone put there, and what is text."""

import re

from .line_kinds import ABOVE, BLANK, DEVICE, HEAD, LONG, QUOTED, SIGNATURE, TEXT, unmarked
from .marks import RULE, MarkedLines
from .phrase_tables import URL, delimiter_in, is_device

# A question, or the end of a sentence of some words.
_SENTENCE = re.compile(r"[?？]\s*\Z|[?？]\s|(?:\w+[,;]?\s+){6}\w+[.!]\s*\Z")
_POSTSCRIPT = re.compile(r"P\.?-?[SD]\b[.:,]?\s*\S|P\.? ?P\.? ?S\b[.:,]?\s*\S")
_LONG_DASHES = ("—", "–")
_DASHES = ("-", "_", *_LONG_DASHES)
_MAILMAN_RULE = re.compile(r"_{40,}+\s*+\Z")
_MAILMAN = re.compile(r"\A[^\s]{1,80} mailing list(?: -- \S{1,120})?\s*+\Z")


class SortedLines(MarkedLines):
    """A mail that is read: each of its lines gets the kind that it has in it."""

    def read(self, forward: bool) -> int:
        """Find the marks of clients. Gives where the rest begins."""
        at, signature, words_before = 0, -1, False
        while at < len(self.texts):
            mark = self.mark(at) if self.may_lead[at] and self.kinds[at] == TEXT else None
            if (mark and (mark.forward or forward)) or (self.kinds[at] == QUOTED and self._passes_on(at, forward)):
                self._close(signature, at)
                self._set(at, len(self.texts), TEXT)
                break
            if mark and mark.start:
                if mark.certain or self.is_followed(mark, words_before=True):
                    self.part(at, mark.start)
                mark = None
            followed = mark is not None and self.is_followed(mark, words_before)
            if mark and mark.certain and words_before and not followed:
                self._close(signature, at)
                self._set(at, mark.end, ABOVE)
                return at
            if mark and (followed or mark.certain):
                signature = self._close(signature, at)
                self._set(at, mark.end, ABOVE if followed else HEAD)  # A head: there are no words but those below it.
                at = mark.end
                continue
            if self.kinds[at] == QUOTED:
                signature = self._close(signature, at)
            elif self.kinds[at] == TEXT:
                if signature < 0 and self.texts[at].startswith(_DASHES) and self._begins_signature(at):
                    signature = at
                words_before = words_before or signature < 0
            at += 1
        else:
            self._close(signature, at)
        return len(self.texts)

    def read_opening(self) -> int:
        """Find the signature at the end; all before it is text. Gives where the rest begins."""
        end = len(self.texts)
        self._set(0, end, TEXT)
        begins = (at for at in range(end - 1, -1, -1) if self.kinds[at] == TEXT and self._begins_signature(at))
        signature = next(begins, -1)
        below = range(signature + 1, min(end, signature + 40) if signature >= 0 else 0)
        self._close(-1 if any(self.mark(at) for at in below) else signature, end)
        return end

    def _passes_on(self, at: int, forward: bool) -> bool:
        """Is what is quoted from here on passed on? Apple Mail quotes its delimiter too."""
        if forward or (at and self.kinds[at - 1] == QUOTED):
            return forward
        before = at - 1
        while before >= 0 and self.kinds[before] == BLANK:
            before -= 1
        fresh = before < 0 or self.kinds[before] == TEXT
        return fresh and delimiter_in(unmarked(self.texts[at][:LONG])) == "forward"

    def _begins_signature(self, at: int) -> bool:
        """RFC 3676 section 4.3 (the space at the end gets lost on the way, dashes become one); or Mailman's footer."""
        line = self.texts[at]
        if len(line) < 8:
            return line.rstrip() in ("--", *_LONG_DASHES)
        return bool(_MAILMAN_RULE.match(line) and _MAILMAN.match("".join(self.texts[at + 1 : at + 2])))

    def _close(self, signature: int, stop: int) -> int:
        """What stands before a mark: a signature, if it is not too long for one, or a telephone's line. Gives -1."""
        if signature < 0 and stop and self.kinds[stop - 1] == QUOTED:
            return -1
        if signature >= 0:
            length = sum(kind != BLANK for kind in self.kinds[signature:stop])
            exact = self.texts[signature] == "-- " and self.kinds[signature + 1 : signature + 2] != [BLANK]
            if length <= (40 if exact else 12) and (exact or not self._reads_on(signature, stop)):
                end = self._postscript(signature, stop)
                self._set(signature, end, SIGNATURE)
                stop = signature if end == stop else stop
        quotes = stop < len(self.texts) and self.kinds[stop] == QUOTED
        while stop and (self.kinds[stop - 1] == BLANK or self._is_added(stop - 1, quotes=quotes)):
            stop -= 1
            self._set(stop, stop + 1, DEVICE)
        return -1

    def _postscript(self, signature: int, stop: int) -> int:
        """Where words begin below a signature: "P.S. The second one is dark, too."; `stop` if there are none."""
        places = range(signature + 1, stop)
        return next((at for at in places if _POSTSCRIPT.match(self.texts[at]) and self.kinds[at - 1] == BLANK), stop)

    def _is_added(self, at: int, *, quotes: bool) -> bool:
        """Is it what telephones add, or a mere rule above what is quoted?"""
        line = self.texts[at]
        return self.kinds[at] == TEXT and (is_device(line) or (quotes and bool(RULE.match(line))))

    def _reads_on(self, at: int, stop: int) -> bool:
        """Do sentences follow these dashes, or do they part what a line with a colon announces?"""
        before = next((line.rstrip() for line in reversed(self.texts[max(0, at - 3) : at]) if line.strip()), "")
        if len(self.texts[at]) < 8 and before.endswith((":", "：")):
            return True
        return len(self.texts[at]) < 8 and any(
            _SENTENCE.search(URL.sub(" ", line[:LONG])) for line in self.texts[at:stop]
        )

    def _set(self, start: int, stop: int, kind: str) -> None:
        for at in range(start, stop):
            if self.kinds[at] != BLANK:
                self.kinds[at] = kind
