"""Create three sessions at once.

    python examples/basics/concurrent.py

It is an example of the product page, word for word. Put your project ID into it. OpenAI has
retired the default model, so pass a current one: `create_session(model="gpt-realtime", ...)`.
"""

import asyncio
from ai_gate.client import AsyncAIGateClient

async def create_multiple_sessions():
    async with AsyncAIGateClient(project_id="your-project-id") as client:
        # Create multiple sessions concurrently
        tasks = [
            client.create_session(voice="echo"),
            client.create_session(voice="nova"),
            client.create_session(voice="alloy"),
        ]

        sessions = await asyncio.gather(*tasks)

        for i, session in enumerate(sessions):
            print(f"Session {i+1}: {session['id']}")

asyncio.run(create_multiple_sessions())
