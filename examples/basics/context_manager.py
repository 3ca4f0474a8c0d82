"""Create a session with a client that closes itself.

    python examples/basics/context_manager.py

It is an example of the product page, word for word. Put your project ID into it. OpenAI has
retired the default model, so pass a current one: `create_session(model="gpt-realtime", ...)`.
"""

from ai_gate import AIGateClient

with AIGateClient(project_id="your-project-id") as client:
    session = client.create_session(voice="nova")
    print("Session:", session["id"])
# Client automatically closed
