"""What a gate counts for one project, and whose turn it is: decisions without I/O.

`_counts.lua` decides the same in Redis, step by step under the same names. A library can't: those
that are there neither take over what the gate says of its counts, nor count three things in one
round trip, nor know who waits. Times are in seconds, by the clock of the store.
"""

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

KINDS = ("requests", "quota", "concurrent")
"""What is counted, in the order in which the gate looks at it."""
LIVE = 3600.0
"""How long a session that nobody releases is taken for a live one."""
HELD = {"quota": 60.0, "concurrent": 30.0}
"""How long sessions are held back after the gate has refused one."""
LEASE = 30.0
"""How long others wait at most for the answer of the one that tries whether a hold is over."""
ROUNDING = 2.0
"""How much later than the end of a window `X-RateLimit-Reset` less `Date` can be."""
POLL, LONGEST_POLL, GRACE = 0.5, 5.0, 1.0
"""How long those who wait sleep, and how late they can be before they lose their place."""


@dataclass(slots=True)
class Counts:
    """The counts of one project, and those who wait."""

    sent: dict[str, float] = field(default_factory=dict)
    """The turns whose outcome isn't known yet, and when each was taken."""
    counted: list[tuple[float, str]] = field(default_factory=list)
    """The turns whose outcome is known, with the moment: the gate has counted them by then."""
    extra: int = 0
    """What the gate counts beyond them: requests of other programs."""
    extra_until: float = 0.0
    live: dict[str, float] = field(default_factory=dict)
    """The live sessions, and when each is taken for ended. A turn's until it has its own name."""
    sessions: int = 0
    month: int = 0
    beyond: bool = False
    """Whether the gate has made sessions beyond the quota, which is not known then."""
    limit: int = 0
    """The requests in a window, as the gate stated them last; 0 before it did."""
    end: float = 0.0
    """When the window ends, as the gate stated it; 0 before it did, and once that was tried."""
    heard: float = 0.0
    """When the answer came whose numbers were used last."""
    held: dict[str, list[float]] = field(default_factory=dict)
    """What the gate has refused: until when it is held back, since when, and until when others wait
    for the one that tries whether that is over."""
    waiting: dict[str, dict[str, float]] = field(default_factory=lambda: {k: {} for k in KINDS})
    """Who waits for what, and since when."""
    due: dict[str, float] = field(default_factory=dict)
    """When those who wait must have looked again."""

    def look(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and give the turn that is asked for or say how long to wait."""
        self._forget(now, ask)
        for news in ask["news"]:
            self._hear(now, ask, news)
        reply = self._decide(now, ask) if ask["id"] else {"wait": 0.0}
        return reply | self._usage(now, ask) | {"now": now}

    def _forget(self, now: float, ask: dict[str, Any]) -> None:
        window = ask["window"]
        del self.counted[: bisect_right(self.counted, (now - window, "~"))]
        # What is sent can arrive a little after its turn was taken.
        late = now - window - min(1.0, window / 50)
        self.sent = {turn: at for turn, at in self.sent.items() if at > late}
        self.live = {name: end for name, end in self.live.items() if end > now}
        if self.extra_until <= now:
            self.extra = 0
        if ask["month"] > self.month:
            self.month, self.sessions, self.beyond = ask["month"], 0, False
        for turn in [turn for turn, due in self.due.items() if due <= now]:
            self._leave(turn)

    def _leave(self, turn: str) -> None:
        self.due.pop(turn, None)
        for queue in self.waiting.values():
            queue.pop(turn, None)

    def _hear(self, now: float, ask: dict[str, Any], news: dict[str, Any]) -> None:
        """Take in what came of a turn: `made`, `failed`, `lost`, `unsent` or what was refused."""
        turn, what, since, at = news["id"], news["what"], news["since"], news["at"] or now
        is_known = self.sent.pop(turn, None) is not None
        if news["session"] and is_known and what not in ("made", "lost"):
            self.sessions = max(0, self.sessions - 1)
            self.live.pop(turn, None)
        if news["name"] and turn in self.live:
            self.live[news["name"]] = self.live.pop(turn)
        for kind in KINDS if news["session"] else KINDS[:1]:
            if kind not in self.held or self.held[kind][1] > since:
                continue
            if what == "made" or (what in KINDS and KINDS.index(what) > KINDS.index(kind)):
                del self.held[kind]
                self.beyond = self.beyond or (kind == "quota" and self.sessions >= ask["quota"])
            elif what not in KINDS:
                self.held[kind][2] = 0.0
        if what == "unsent":
            self._leave(turn)
            return
        end = at + news["reset"] if news["reset"] else 0.0
        insort(self.counted, (max(at, end - ROUNDING - ask["window"]), turn))
        if what in KINDS:
            self._refuse(at, what, ask, news)
        if news["limit"] and at > self.heard:
            self.heard, self.limit, self.end = at, news["limit"], end
            self._correct(at, since, ask, news["used"])

    def _refuse(self, at: float, kind: str, ask: dict[str, Any], news: dict[str, Any]) -> None:
        if kind != "concurrent" or not ask["concurrent"]:
            self.held[kind] = [at + HELD.get(kind, news["hold"]), at, 0.0]
        if kind == "quota":
            self.sessions, self.beyond = max(self.sessions, news["month_used"]), False
        elif kind == "concurrent":
            spare = ask["concurrent"] - len(self.live)
            for number in range(spare):
                self.live[f"{news['id']}.{number}"] = at + HELD[kind] * (number + 1)
            if spare <= 0 and self.live:
                oldest = min(self.live, key=self.live.__getitem__)
                self.live[oldest] = min(self.live[oldest], at + HELD[kind])

    def _correct(self, at: float, since: float, ask: dict[str, Any], used: int) -> None:
        """Let the counts agree with what the gate had counted when it answered.

        Of our own requests it had counted at least those that were answered before this one was
        sent, and at most those that were sent before its answer came.
        """
        surely = bisect_right(self.counted, (since, "~")) + 1
        possibly = len(self.counted) + sum(taken <= at for taken in self.sent.values())
        least, most = used - possibly, used - surely
        extra = min(max(self.extra, least), most)
        if extra < 0:
            # A window has ended: its requests count no more.
            del self.counted[:-extra]
        if extra > self.extra:
            self.extra_until = at + ask["window"]
        self.extra = max(0, extra)

    def _decide(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        turn, left = ask["id"], ask["left"]
        came = [queue[turn] for queue in self.waiting.values() if turn in queue]
        arrival = came[0] if came else now - ask["waited"]
        kinds = KINDS if ask["session"] else KINDS[:1]
        waits = {kind: self._wait(kind, now, ask, arrival) for kind in kinds}
        self._leave(turn)
        blocked = [kind for kind in kinds if waits[kind] > 0]
        if not blocked:
            self._take(now, ask, kinds)
            return {"wait": 0.0}
        for kind in blocked:
            # A session can be released at any time, and who tries can be answered.
            is_open = kind == "concurrent" or (kind in self.held and self.held[kind][2] > now)
            if waits[kind] >= left and (left <= 0 or not is_open):
                return {"wait": waits[kind], "refused": kind}
        wait = waits[blocked[0]]
        wait = min(wait, max(POLL, min(wait / 20, LONGEST_POLL)), left)
        self.waiting[blocked[0]][turn] = arrival
        self.due[turn] = now + wait + GRACE
        return {"wait": wait}

    def _wait(self, kind: str, now: float, ask: dict[str, Any], arrival: float) -> float:
        """Return how long a turn has to wait for what is counted; 0 if it needn't."""
        ahead = sum(came < arrival for came in self.waiting[kind].values())
        if kind in self.held:
            until, _, tried = self.held[kind]
            return POLL if tried > now else max(until - now, POLL if ahead else 0.0)
        limit = self._limit(kind, ask)
        if not limit:
            return 0.0
        if kind == "quota":
            return float(ask["month_left"]) if self.sessions >= limit else 0.0
        if kind == "concurrent":
            need = len(self.live) + ahead + 1 - limit
            live = sorted(self.live.values())
            # Those who are ahead can be more than there are sessions.
            return 0.0 if need <= 0 else (live[:need] or [now + POLL])[-1] - now
        need = len(self.sent) + len(self.counted) + self.extra + ahead + 1 - limit
        if need > 0 and 0 < self.end <= now:
            # The gate says that a window has ended: one finds out.
            self.held[kind], self.end = [now, now, 0.0], 0.0
            return POLL if ahead else 0.0
        return self._next(need, limit, now, ask["window"]) if need > 0 else 0.0

    def _limit(self, kind: str, ask: dict[str, Any]) -> int:
        if (kind == "requests" and not ask[kind]) or (kind == "quota" and self.beyond):
            return 0
        return int((self.limit if kind == "requests" else 0) or ask[kind])

    def _next(self, need: int, limit: int, now: float, window: float) -> float:
        """Return how long it takes until so many requests count no more."""
        windows, place = divmod(need - 1, limit)
        moments = [at for at, _ in self.counted[place : place + 1]]
        moments = moments or sorted(self.sent.values())[place - len(self.counted) :]
        wait = (moments[0] + window if moments else self.extra_until) - now
        if self.end:
            wait = min(wait, self.end - now)
        return max(wait, 0.001) + windows * window

    def _take(self, now: float, ask: dict[str, Any], kinds: tuple[str, ...]) -> None:
        for kind in self.held.keys() & set(kinds):
            self.held[kind][1:] = now, now + LEASE
        self.sent[ask["id"]] = now
        if ask["session"]:
            self.sessions += 1
            if ask["concurrent"]:
                self.live[ask["id"]] = now + LIVE

    def _usage(self, now: float, ask: dict[str, Any]) -> dict[str, Any]:
        """Return used, limit and seconds until the reset of each, and how many are under way."""
        used = len(self.sent) + len(self.counted) + self.extra
        reset = self.end or (self.counted[0][0] + ask["window"] if self.counted else now)
        live = min(self.live.values(), default=now)
        return {
            "requests": (used, self._limit("requests", ask), max(0.0, reset - now)),
            "quota": (self.sessions, self._limit("quota", ask), ask["month_left"]),
            "concurrent": (len(self.live), ask["concurrent"], live - now),
            "under_way": len(self.sent),
        }
