"""Puts the peer's packets in order, waits for what is missing, and fills in what doesn't come.

It gives packets as soon as they can be decoded, so on a path without losses it adds no delay.
"""

from dataclasses import dataclass, replace
from typing import Any

from ai_gate.webrtc._audio.timeline import FRAME

WAIT = 0.08
"""How long a packet is waited for after it was due, in seconds: with packets of 20 ms, for 60 ms
after the next one has come."""
LEAST_WAIT = 0.02
"""How long it is waited for at least once a later one has come, in seconds: after a stall of the
path all of them are late."""
LONGEST_MISORDER = 100
"""How many packets a late one can be behind (RFC 3550, appendix A.1). Beyond that, the peer has
begun anew."""
LONGEST_BURST = 1.0
"""How much longer a hole can be than the time that has passed, in seconds, because packets came
late. Beyond that, the peer has begun anew."""
SILENCE = {"pcmu": b"\xff", "pcma": b"\xd5", "g722": b"\xfa"}
"""Bytes of silence in the codecs beside Opus."""


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """A packet of encoded audio."""

    source: int
    """The peer's number of the stream (SSRC)."""
    number: int
    """The sequence number, of 16 bits; of a packet that was given, without a limit."""
    timestamp: int
    """The time in units of the codec's clock, of 32 bits."""
    codec: Any
    """aiortc's description of the codec."""
    data: bytes
    """What the decoder takes; never empty."""


class ReceiveBuffer:
    """The packets of a stream that wait for an earlier one. It does no I/O and reads no clock."""

    def __init__(self) -> None:
        self.lost = 0
        """How many packets were filled in."""
        self._last: AudioPacket | None = None
        self._next = 0
        """The number of the packet that is given next, counted on where 16 bits end."""
        self._held: dict[int, tuple[AudioPacket, float]] = {}
        """The packets behind a hole by their number, each with the time when it came."""
        self._last_came = 0.0

    @property
    def deadline(self) -> float | None:
        """When the first hole is filled, or None if there is none."""
        if not self._held:
            return None
        noticed = min(came for _, came in self._held.values())
        # Each packet behind the hole says when the first missing one was due. One of them may be
        # late itself.
        due = min(came - (number - self._next) * FRAME for number, (_, came) in self._held.items())
        return max(noticed + LEAST_WAIT, due + WAIT)

    def add(self, packet: AudioPacket, now: float) -> list[AudioPacket]:
        """Take a packet that has come.

        Args:
            packet: The packet.
            now: The time, in seconds of a monotonic clock.

        Returns:
            What can be decoded now, in order.
        """
        given: list[AudioPacket] = []
        if not self._goes_on(packet, now):
            given = [self._given(number) for number in sorted(self._held)]
            self._next = packet.number
        self._last_came = now
        number = self._counted(packet)
        # An earlier one came too late, or twice.
        if number >= self._next:
            self._held.setdefault(number, (packet, now))
        return given + self.due(now)

    def due(self, now: float) -> list[AudioPacket]:
        """Return what can be decoded now, in order, with holes filled that were waited for."""
        given: list[AudioPacket] = []
        while self._held:
            if self._next not in self._held:
                if self.deadline is not None and now < self.deadline:
                    break
                given += self._filled(min(self._held))
            given.append(self._given(self._next))
        return given

    def _goes_on(self, packet: AudioPacket, now: float) -> bool:
        """Return True if a packet belongs to the stream so far; else the peer has begun anew."""
        if self._last is None or packet.source != self._last.source:
            return False
        newest = max(self._held, default=self._next)
        furthest = newest + (now - self._last_came + LONGEST_BURST) / FRAME
        return self._next - LONGEST_MISORDER <= self._counted(packet) <= furthest

    def _counted(self, packet: AudioPacket) -> int:
        """Return a packet's number, counted on where 16 bits end."""
        return self._next + _signed(packet.number - self._next, 16)

    def _given(self, number: int) -> AudioPacket:
        packet, _ = self._held.pop(number)
        self._next = number + 1
        self._last = packet
        return packet

    def _filled(self, end: int) -> list[AudioPacket]:
        """Return packets to decode in place of the missing ones before a number."""
        if self._last is None:
            return []
        missing = end - self._next
        step = _signed(self._held[end][0].timestamp - self._last.timestamp, 32) // (missing + 1)
        filling = concealed(self._last.codec.name, self._last.data)
        self.lost += missing
        self._next = end
        return [
            replace(
                self._last,
                number=self._last.number + place,
                timestamp=(self._last.timestamp + place * step) % 2**32,
                data=filling,
            )
            for place in range(1, missing + 1)
        ]


def concealed(codec: str, data: bytes) -> bytes:
    """Return what is decoded in place of a packet that is lost, as long as the one before it.

    In Opus a frame without a byte stands for one that was lost (RFC 6716, section 3.2.1), and the
    decoder continues the sound and lets it fade. The other codecs have silence only. (PyAV can't be
    told to decode Opus's forward error correction.)

    Args:
        codec: The name of the codec.
        data: The packet before.
    """
    silence = SILENCE.get(codec.lower())
    if silence is not None:
        return silence * len(data)
    # The last two bits of the first byte say how the frames are counted: one, two of one size, two,
    # or by the second byte, whose other bits announce sizes and padding (RFC 6716, section 3.2).
    if data[0] & 3 == 3:
        # Of a packet that is cut short there is no second byte.
        return data[:1] + bytes(byte & 0x3F for byte in data[1:2])
    return bytes([data[0] - 1 if data[0] & 3 == 2 else data[0]])


def _signed(number: int, bits: int) -> int:
    """Return a difference of two numbers that wrap as the least one that there can be."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half
