# The official Python client: only base_url changes.  pip install openai
import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("QUORUM_URL", "http://127.0.0.1:4000") + "/v1",
    api_key=os.environ.get("QUORUM_KEY", "unused-without-virtual-keys"),
)

answer = client.chat.completions.with_raw_response.create(
    model="auto",
    messages=[{"role": "user", "content": "What is 17 * 23?"}],
    extra_headers={"x-quorum-tags": "example"},
)
print(answer.parse().choices[0].message.content)
print("answered by", answer.headers["x-quorum-model"], "as", answer.headers["x-quorum-strategy"])

for chunk in client.chat.completions.create(
    model="quorum/dual",
    messages=[{"role": "user", "content": "Name the capital of France."}],
    metadata={"quorum_cache": "off"},
    stream=True,
):
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
