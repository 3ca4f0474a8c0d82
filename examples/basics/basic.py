"""Create a session and print what it is.

    python examples/basics/basic.py

It is an example of the product page, word for word. Put your project ID into it. OpenAI has
retired the default model, so pass a current one: `create_session(model="gpt-realtime", ...)`.
"""

from ai_gate import AIGateClient

client = AIGateClient(
    project_id="your-project-id",
    debug=True
)

try:
    session = client.create_session(
        voice="echo",
        instructions="You are a helpful coding assistant"
    )

    print("✅ Session created!")
    print(f"  Session ID: {session['session_id']}")
    print(f"  Model: {session['metadata']['model']}")
    print(f"  Voice: {session['metadata']['voice']}")

except Exception as error:
    print(f"❌ Error: {error}")
finally:
    client.close()
