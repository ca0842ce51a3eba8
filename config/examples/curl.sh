#!/bin/sh
# Everything by hand. QUORUM_KEY is needed once virtual keys exist.
set -eu
url="${QUORUM_URL:-http://127.0.0.1:4000}"
key="${QUORUM_KEY:-unused-without-virtual-keys}"

# An answer; -i shows who gave it and how: x-quorum-model, x-quorum-strategy, x-quorum-cost-usd …
curl -sS -i "$url/v1/chat/completions" -H "authorization: Bearer $key" -H 'content-type: application/json' \
  -d '{"model":"auto","messages":[{"role":"user","content":"What is 17 * 23?"}]}'
echo

# The same as a stream, by two models that check each other, with their progress as named events.
curl -sS -N "$url/v1/chat/completions" -H "authorization: Bearer $key" -H 'content-type: application/json' \
  -H 'x-quorum-events: true' \
  -d '{"model":"quorum/dual","stream":true,"messages":[{"role":"user","content":"Name the capital of France."}]}'

# What would be done, without doing it.
curl -sS "$url/v1/route" -H "authorization: Bearer $key" -H 'content-type: application/json' \
  -d '{"model":"auto","messages":[{"role":"user","content":"Solve x^2 = 9"}]}'
echo
