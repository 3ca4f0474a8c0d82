"""Sound in files: any that FFmpeg reads, and WAV files out."""

import wave
from typing import IO

from ai_gate.errors import AIGateError
from ai_gate.webrtc._requirement import requiring_aiortc

with requiring_aiortc():
    import av
    from av.error import FFmpegError


def read_pcm(path: str, *, rate: int) -> bytes:
    """Return the sound of a file, in whatever format it is, as PCM of 16 bits, mono.

    Args:
        path: The file.
        rate: The samples a second that are wanted.

    Raises:
        AIGateError: There is no such file, or no sound in it that can be read.
    """
    resampler = av.AudioResampler("s16", "mono", rate)
    try:
        with av.open(path) as file:
            frames = [part for one in file.decode(audio=0) for part in resampler.resample(one)]
    except (FFmpegError, IndexError) as error:
        reason = getattr(error, "strerror", None) or "there is none in it"
        raise AIGateError(f"{path} can't be read as a sound: {reason}") from error
    if not frames:
        raise AIGateError(f"{path} can't be read as a sound: it is empty")
    frames += resampler.resample(None)
    return b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames)


def write_wav(out: IO[bytes], pcm: bytes | bytearray, *, rate: int) -> None:
    """Write PCM of 16 bits, mono, to an open file, as WAV."""
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
