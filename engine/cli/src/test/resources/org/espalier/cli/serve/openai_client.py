"""Uses a server through the openai client and says in one JSON object what it got: openai_client.py URL KEY."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key=sys.argv[2], max_retries=0)
model = client.models.list().data[0].id
messages = [{"role": "user", "content": "the fox"}]


def refusal(call):
    try:
        call()
    except openai.APIStatusError as e:
        return [type(e).__name__, e.status_code, e.body["param"]]


whole = client.completions.create(model=model, prompt="the fox", max_tokens=20, temperature=0, logprobs=2)
stream = client.completions.create(model=model, prompt="the fox", max_tokens=20, temperature=0, stream=True)
chat = client.chat.completions.create(
    model=model, messages=messages, max_tokens=20, temperature=0, logprobs=True, top_logprobs=2)
chat_stream = client.chat.completions.create(
    model=model, messages=messages, max_tokens=20, temperature=0, stream=True, stream_options={"include_usage": True})
chunks = list(chat_stream)
print(json.dumps({
    "model": model,
    "text": whole.choices[0].text,
    "streamed": "".join(event.choices[0].text for event in stream),
    "scored": len(whole.choices[0].logprobs.token_logprobs) == whole.usage.completion_tokens,
    "chat": chat.choices[0].message.content,
    "chat_streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
    "chat_scored": len(chat.choices[0].logprobs.content) == chat.usage.completion_tokens,
    "usage": chunks[-1].usage == chat.usage,
    "no_model": refusal(lambda: client.completions.create(model="another", prompt="a")),
    "no_such_parameter": refusal(
        lambda: client.completions.create(model=model, prompt="a", extra_body={"min_p": 1})),
    "wrong_key": refusal(lambda: client.with_options(api_key="wrong").models.list()),
}))
