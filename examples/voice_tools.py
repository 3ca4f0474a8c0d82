"""Talk with a model that uses tools and can be interrupted; what both say is printed.

    pip install "ai-gate[webrtc]"

It takes sound from its input and gives it to its output, as PCM of 16 bits, mono, at 24 kHz.
Microphone and loudspeaker are other programs' business, here SoX's:

    export AI_GATE_PROJECT_ID=your-project-id
    rec -q -t raw -r 24000 -e signed -b 16 -c 1 - |
        python examples/voice_tools.py |
        play -q -t raw -r 24000 -e signed -b 16 -c 1 -

Ctrl-C ends it. Wear headphones, or the model hears itself and stops.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate.webrtc import Call, PCMSource

RATE = 24000
CHUNK = RATE // 50 * 2  # 20 ms


def get_weather(city: str) -> dict[str, Any]:
    """Stand for something that your app knows or does."""
    return {"city": city, "sky": "rain", "celsius": 12}


FUNCTIONS: dict[str, Callable[..., dict[str, Any]]] = {"get_weather": get_weather}
SESSION = {
    "tools": [
        {
            "type": "function",
            "name": "get_weather",
            "description": "Get the weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        }
    ],
    # Without it, there is no transcript of what the user says.
    "input_audio_transcription": {"model": "gpt-4o-mini-transcribe"},
}


async def listen(call: Call, tasks: asyncio.TaskGroup) -> None:
    """Do what the model's events ask for, until the call ends."""
    async for event in call:
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                tell("You:", event["transcript"])
            case "response.output_audio_transcript.done":
                tell("Model:", event["transcript"])
            case "input_audio_buffer.speech_started":
                # OpenAI stops the model by itself. What has come and wasn't played yet is here.
                call.clear_audio()
            case "response.done" if event["response"]["status"] == "completed":
                items = event["response"]["output"]
                if wanted := [item for item in items if item["type"] == "function_call"]:
                    # A task, so that a slow function keeps no event waiting.
                    tasks.create_task(use_tools(call, wanted))
            case "error":
                tell("Error:", event["error"]["message"])


async def use_tools(call: Call, wanted: list[dict[str, Any]]) -> None:
    """Call the functions that the model asks for, and have it speak about what came of them."""
    for item in wanted:
        result = await asyncio.to_thread(run_tool, item["name"], item["arguments"])
        tell("Tool:", f"{item['name']}({item['arguments']}) -> {result}")
        output = {"type": "function_call_output", "call_id": item["call_id"], "output": result}
        await call.send({"type": "conversation.item.create", "item": output})
    # Once for all of them, since the model gives one response at a time.
    await call.send({"type": "response.create"})


def run_tool(name: str, arguments: str) -> str:
    """Call a function, or say why it can't be called. The arguments are what the model made up."""
    try:
        return json.dumps(FUNCTIONS[name](**json.loads(arguments)))
    except Exception as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


async def speak(call: Call, source: PCMSource) -> None:
    """Send the sound of the input, and end the call with it."""
    while chunk := await asyncio.to_thread(sys.stdin.buffer.read, CHUNK):
        await source.write(chunk)
    await call.close()


async def play(call: Call) -> None:
    """Give the model's sound to the output."""
    async for chunk in call.audio(rate=RATE):
        await asyncio.to_thread(os.write, sys.stdout.fileno(), chunk)


def tell(who: str, words: str) -> None:
    """Print to stderr, since stdout is for sound."""
    print(who, words, file=sys.stderr, flush=True)


async def main() -> None:
    """Talk until the input ends, or the model hangs up."""
    source = PCMSource(rate=RATE)
    async with (
        AsyncAIGateClient.from_env() as client,
        client.connect(
            model="gpt-realtime",
            voice="marin",
            audio=source,
            extra_body=SESSION,
            event_names="current",
            realtime_url=os.environ.get("REALTIME_URL", "https://api.openai.com/v1/realtime"),
        ) as call,
        asyncio.TaskGroup() as tasks,
    ):
        tell("Call:", "open, say something")
        speaking = tasks.create_task(speak(call, source))
        tasks.create_task(play(call))
        await listen(call, tasks)
        speaking.cancel()


if __name__ == "__main__":
    problems: list[str] = []
    try:
        asyncio.run(main())
    except* (AIGateError, BrokenPipeError) as group:
        problems = [str(error) for error in group.exceptions]
    except* KeyboardInterrupt:
        pass
    sys.exit("\n".join(problems) or None)
