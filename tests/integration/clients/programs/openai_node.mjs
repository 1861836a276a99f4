// openai-node: runTools whole and streamed over chat, create and stream over Responses.

import OpenAI from "openai";
import { DESCRIPTION, SCHEMA, TOOL, runCases } from "./common.mjs";

const CHAT_EVENTS = [
  "content.delta", "content.done", "refusal.delta", "refusal.done", "tool_calls.function.arguments.delta",
  "tool_calls.function.arguments.done", "message", "functionToolCall", "functionToolCallResult", "finalMessage",
  "finalContent", "finalFunctionToolCall", "finalFunctionToolCallResult", "totalUsage", "error", "end",
];

async function runChat(client, settings, each) {
  const events = [];
  const request = {
    model: each.model,
    messages: [{ role: "system", content: each.system }, { role: "user", content: each.prompt }],
    ...each.sampling,
  };
  if (each.stream) request.stream_options = { include_usage: true };
  const tools = [{
    type: "function",
    function: { name: TOOL, description: DESCRIPTION, parameters: SCHEMA, parse: JSON.parse, function: () => settings.result },
  }];
  let runner;
  if (each.tools) runner = client.chat.completions.runTools({ ...request, tools, stream: each.stream });
  else if (each.stream) runner = client.chat.completions.stream(request);
  else {
    const answer = await client.chat.completions.create(request);
    return [{ type: "answer", ...answer }];
  }
  for (const name of CHAT_EVENTS) runner.on(name, (value) => events.push(describe(name, value)));
  if (each.stream) runner.on("chunk", (chunk) => events.push(...describeChunk(chunk)));
  else runner.on("chatCompletion", (answer) => events.push({ type: "chatCompletion", ...answer }));
  await runner.done();
  return [...events, { type: "result", history: runner.messages.map(withoutReasoning), usage: await runner.totalUsage() }];
}

function describe(name, value) {
  if (name === "content.delta") return { type: name, block: "content", delta: value.delta };
  if (typeof value === "string") return { type: name, text: value };
  if (name === "message" || name === "finalMessage") return { type: name, value: withoutReasoning(value) };
  return { type: name, value };
}

// Of a streamed message's reasoning, openai-node keeps the last piece only, so that its value depends on the pieces.
function withoutReasoning({ reasoning_content, reasoning, ...message }) {
  return message;
}

// The reasoning and the usage of a chunk; no event of the runner has them.
function describeChunk(chunk) {
  const events = [];
  const delta = chunk.choices[0]?.delta ?? {};
  const reasoning = delta.reasoning_content ?? delta.reasoning;
  if (reasoning) events.push({ type: "reasoning", block: "reasoning", delta: reasoning });
  if (chunk.usage) events.push({ type: "usage", usage: chunk.usage });
  return events;
}

async function runResponses(client, settings, each) {
  const events = [];
  const input = [{ role: "user", content: each.prompt }];
  const tools = [{ type: "function", name: TOOL, description: DESCRIPTION, parameters: SCHEMA, strict: true }];
  for (let turn = 0; turn < 6; turn++) {
    const request = { model: each.model, instructions: each.system, input, store: false, ...each.sampling };
    if (each.tools) request.tools = tools;
    let answer;
    if (each.stream) {
      // The helper refuses an event that vLLM sends with reasoning (response.reasoning_part.added).
      const stream = each.reasons
        ? await client.responses.create({ ...request, stream: true })
        : client.responses.stream(request);
      for await (const event of stream) {
        answer = event.response ?? answer;
        const fields = { ...event };
        if ("output_index" in event) fields.block = `${turn}.${event.output_index}`;
        delete fields.snapshot;
        events.push(fields);
      }
      if (!each.reasons) answer = await stream.finalResponse();
    } else {
      answer = await client.responses.create(request);
    }
    events.push({ type: "answer", ...answer });
    input.push(...answer.output);
    const calls = answer.output.filter((item) => item.type === "function_call");
    if (calls.length === 0) break;
    for (const call of calls) {
      input.push({ type: "function_call_output", call_id: call.call_id, output: settings.result });
    }
  }
  return events;
}

await runCases((settings, each) => {
  const client = new OpenAI({ baseURL: `${settings.url}/v1`, apiKey: settings.key, maxRetries: 0 });
  return each.path === "chat" ? runChat(client, settings, each) : runResponses(client, settings, each);
});
