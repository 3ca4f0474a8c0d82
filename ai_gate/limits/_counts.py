"""What a gate counts for one project, and whose turn it is: decisions without I/O.

The same asks in the same order lead to the same counts in each process: that is how a fleet shares
them. Libraries (limits, pyrate-limiter) neither take over what the gate says of its counts, nor
count three things in one round trip, nor know who waits. Times are seconds by the store's clock.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any

KINDS = ("requests", "quota", "concurrent")  # In the order in which the gate looks at them.
FREE_PLAN = 100  # The gate's number of requests goes before this one; another one is a share.
LIVE = 3600.0  # How long a session that nobody releases is taken for a live one.
HELD = {"quota": 60.0, "concurrent": 30.0}  # For how long sessions aren't asked for once refused.
NO_HOLD: list[Any] = [0.0, 0.0, 0, {}]
LEASE = 5.0  # How long others wait for the one that tries whether a hold is over: it can be dead.
ROUNDING = 2.0  # How much `X-RateLimit-Reset` less `Date` can be after the end of the window.
# How long the first of those who wait sleeps, how long others at most, how late one may come.
POLL, LONGEST_POLL, GRACE = 0.5, 5.0, 1.0
STEP = 0.001  # After the end of a window, which frees all, they look one after the other.


def worker_of(turn: str) -> str:
    """Return the worker that a turn is of."""
    return turn.partition(".")[0]


@dataclass(slots=True)
class Counts:
    """The counts of one project, and those who wait."""

    # The turns whose outcome isn't known yet, and when each was taken. When the others' outcomes
    # were known: the gate had counted them by then. What it counts of other programs beyond these.
    sent: dict[str, float] = field(default_factory=dict)
    counted: dict[str, float] = field(default_factory=dict)
    extra: int = 0
    # When each live session, by its turn or its name, is taken for ended. Those of the month.
    live: dict[str, float] = field(default_factory=dict)
    sessions: int = 0
    month_end: float = 0.0
    # The requests in a window, its end, and when the gate stated them.
    limit: int = 0
    end: float = 0.0
    heard: float = 0.0
    # What the gate has refused: held back until when, and being tried until when; how many sessions
    # were live; and the numbers that it said.
    held: dict[str, list[Any]] = field(default_factory=dict)
    # Who waits: for what, since when, and by when it must have looked again.
    waiting: dict[str, list[Any]] = field(default_factory=dict)

    def look(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and give the turn that is asked for or say how long to wait."""
        for known in ask["known"]:
            self._merge(Counts(**known))
        self._forget(now, ask["window"])
        for news in ask["news"]:
            self._hear(now, ask, news)
        reply = self._decide(now, ask) if ask["id"] else {"wait": 0.0}
        return reply | self._usage(now, ask) | {"now": now}

    def _merge(self, known: "Counts") -> None:
        """Take in what a worker knew before the store lost its counts."""
        before = self._sent_by(self.heard)
        self.counted = known.counted | self.counted
        sent = known.sent | self.sent
        self.sent = {turn: at for turn, at in sent.items() if turn not in self.counted}
        self.live, self.held = known.live | self.live, known.held | self.held
        month = max((one.month_end, one.sessions) for one in (known, self))
        self.month_end, self.sessions = month
        if known.heard > self.heard:
            for name in ("limit", "end", "heard", "extra"):
                setattr(self, name, getattr(known, name))
        else:
            # What the gate has stated since has them in it.
            self.extra = max(0, self.extra + before - self._sent_by(self.heard))

    def _forget(self, now: float, window: float) -> None:
        self.counted = {turn: at for turn, at in self.counted.items() if at > now - window}
        # What is sent can arrive a little after its turn was taken.
        late = now - window - min(1.0, window / 50)
        self.sent = {turn: at for turn, at in self.sent.items() if at > late}
        self.live = {name: end for name, end in self.live.items() if end > now}
        self.extra = self.extra if self.heard > now - window else 0
        if now >= self.month_end:
            today = datetime.fromtimestamp(now, UTC)
            year, month = divmod(today.year * 12 + today.month, 12)
            self.month_end = datetime(year, month + 1, 1, tzinfo=UTC).timestamp()
            self.sessions = 0
        self.waiting = {turn: one for turn, one in self.waiting.items() if one[2] > now}

    def _counted_by(self, moment: float) -> int:
        return sum(at <= moment for at in self.counted.values())

    def _sent_by(self, moment: float) -> int:
        return len(self.counted) + sum(at <= moment for at in self.sent.values())

    def _hear(self, now: float, ask: dict[str, Any], news: dict[str, Any]) -> None:
        """Take in what became of a turn: `made`, `failed`, `lost`, `unsent` or what was refused."""
        turn, what, since, at = news["id"], news["what"], news["since"], now - news["age"]
        if what == "released":
            self.live.pop(turn, None)
            return
        self.waiting.pop(turn, None)
        is_known = self.sent.pop(turn, None) is not None
        if turn in self.counted or (what == "unsent" and not is_known):
            return  # It was told before.
        end, is_made = self.live.pop(turn, 0.0), news["session"] and what in ("made", "lost")
        # A session that the store was away for wasn't counted when it was sent.
        self.sessions = max(0, self.sessions + is_made - bool(end))
        if is_made:
            self.live[news["name"] or turn] = end or at + LIVE
        self._answer(what, since, KINDS if news["session"] else KINDS[:1])
        if what == "unsent":
            return
        if not is_known and at <= self.heard:
            # What the gate has stated since has this one in it.
            self.extra = max(0, self.extra - 1)
        window_end = at + news["reset"] if news["reset"] else 0.0
        self.counted[turn] = max(at, window_end - ROUNDING - ask["window"])
        if what in KINDS:
            until = at + (HELD.get(what) or news["hold"])
            until = max(until, self.held.get(what, NO_HOLD)[0])
            self.held[what] = [until, 0.0, len(self.live), news["stated"]]
            self.sessions = max(self.sessions, news["stated"].get("sessionsUsed", 0))
        if news["limit"] and at > self.heard:
            self._correct(at, since, news["used"])
            self.heard, self.limit, self.end = at, news["limit"], window_end

    def _answer(self, what: str, since: float, kinds: tuple[str, ...]) -> None:
        """Take in what became of the one that tried whether a hold is over."""
        for kind in [one for one in kinds if one in self.held and self.held[one][0] <= since]:
            if what == "made" or (what in KINDS and KINDS.index(what) > KINDS.index(kind)):
                del self.held[kind]
                # It was made beyond the quota that is known: that is no use any more.
                self.sessions = 0 if kind == "quota" else self.sessions
            elif what not in KINDS:
                self.held[kind][1] = 0.0

    def _correct(self, at: float, since: float, used: int) -> None:
        """Let the counts agree with what the gate had counted when it answered."""
        # Of our own at least what was answered before this one was sent, at most what was sent.
        surely = self._counted_by(since) + 1
        extra = min(max(self.extra, used - self._sent_by(at)), used - surely)
        # If it is less than our own, a window has ended.
        for turn in nsmallest(-extra, self.counted, self.counted.__getitem__):
            del self.counted[turn]
        self.extra = max(0, extra)

    def _decide(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        turn, left = ask["id"], ask["left"]
        if turn in self.sent or turn in self.counted:
            return {"wait": 0.0}  # The reply was lost.
        _, arrival, _ = self.waiting.pop(turn, ("", now - ask["waited"], 0.0))
        kinds = KINDS if ask["session"] else KINDS[:1]
        ahead = {kind: self._ahead(kind, turn, arrival) for kind in kinds}
        waits = {kind: self._wait(kind, now, ask, ahead[kind]) for kind in kinds}
        blocked = [kind for kind in kinds if waits[kind] > 0]
        for kind in blocked:
            # A session can be released at any time, and the one that tries be answered.
            _, tried, _, said = self.held.get(kind, NO_HOLD)
            is_open = kind == "concurrent" or tried > now
            if waits[kind] >= left and (left <= 0 or not is_open):
                return {"wait": waits[kind], "refused": kind, "said": said}
        if not blocked:
            self._take(now, ask, kinds)
            return {"wait": 0.0}
        kind = blocked[0]
        wait = min(waits[kind], POLL * (1 + ahead[kind]), LONGEST_POLL, left)
        if kind == "requests" and kind not in self.held:
            wait = min(wait, self._free_in(now, ask["window"], 0) + STEP * ahead[kind])
        self.waiting[turn] = [kind, arrival, now + wait + GRACE]
        return {"wait": wait}

    def _ahead(self, kind: str, turn: str, arrival: float) -> int:
        """Return how many go first: of one worker's who came first, of workers who had less."""
        waiting = [(at, one) for one, (what, at, _) in self.waiting.items() if what == kind]
        if not waiting:
            return 0
        had = Counter(map(worker_of, (*self.sent, *self.counted)))
        places = {}
        for at, one in sorted([*waiting, (arrival, turn)]):
            worker = worker_of(one)
            places[one] = (had[worker], at)
            had[worker] += 1
        return sum(place < places[turn] for place in places.values())

    def _wait(self, kind: str, now: float, ask: dict[str, Any], ahead: int) -> float:
        """Return how long a turn has to wait for what is counted; 0 if it needn't."""
        used, limit = self._count(kind, ask)
        need = used + ahead + 1 - limit if limit else 0
        if kind == "requests" and need > 0 and 0 < self.end <= now:
            # The gate says that the window has ended: one finds out.
            self.held.setdefault(kind, [self.end, *NO_HOLD[1:]])
            self.end = 0.0
        if kind in self.held:
            until, tried, live, _ = self.held[kind]
            if now < until:
                # One that has ended since leaves room for another one.
                is_room = kind == "concurrent" and len(self.live) + ahead < live
                return 0.0 if is_room else until - now
            # What is under way can be of the new window.
            new = len(self.sent) + len(self.counted) - self._counted_by(until)
            is_full = kind == "requests" and 0 < limit <= new
            return STEP * (ahead + 20) if ahead or tried > now or is_full else 0.0
        if need <= 0:
            return 0.0
        if kind == "quota":
            return self.month_end - now
        if kind == "concurrent":
            # Those who are ahead can be more than there are sessions.
            return (sorted(self.live.values())[:need] or [now + POLL])[-1] - now
        windows, place = divmod(need - 1, limit)
        return self._free_in(now, ask["window"], place) + float(windows * ask["window"])

    def _free_in(self, now: float, window: float, place: int) -> float:
        """Return in how long the request at a place counts no more."""
        order = (*sorted(self.counted.values()), *sorted(self.sent.values()))
        wait = (order[place] if place < len(order) else self.heard) + window - now
        return max(min(wait, self.end - now) if self.end else wait, STEP)

    def _count(self, kind: str, ask: dict[str, Any]) -> tuple[int, int]:
        """Return how many are used, and of how many; 0 if there is no limit."""
        limit = ask[kind]
        if kind != "requests":
            return (self.sessions if kind == "quota" else len(self.live)), limit or 0
        own = len(self.sent) + len(self.counted)
        if not limit or not self.limit:
            return own + self.extra, limit or 0
        is_share = limit != FREE_PLAN and limit - own < self.limit - own - self.extra
        return (own, limit) if is_share else (own + self.extra, self.limit)

    def _take(self, now: float, ask: dict[str, Any], kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            if kind in self.held and self.held[kind][0] <= now:
                self.held[kind][1] = now + LEASE
        # Close to the end of the window, this one finds out.
        self.end = self.end if self.end > now + ROUNDING else 0.0
        self.sent[ask["id"]] = now
        self.sessions += ask["session"]
        if ask["session"]:
            self.live[ask["id"]] = now + LIVE

    def _usage(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        """Return used, limit and seconds until the reset of each, and how many are under way."""
        used = len(self.sent) + len(self.counted) + self.extra
        usage: dict[str, Any] = {"under_way": len(self.sent), "stated": (used, self.limit)}
        first = self._free_in(now, ask["window"], 0) if used else 0.0
        resets = (first, self.month_end - now, min(self.live.values(), default=now) - now)
        for kind, reset in zip(KINDS, resets, strict=True):
            usage[kind] = (*self._count(kind, ask), max(0.0, reset))
        return usage
