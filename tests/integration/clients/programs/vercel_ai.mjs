// The AI SDK of Vercel: generateText and streamText, over chat (openai-compatible) and Responses (openai).

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { DESCRIPTION, SCHEMA, TOOL, runCases } from "./common.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

function buildModel(settings, each) {
  const options = { baseURL: `${settings.url}/v1`, apiKey: settings.key };
  if (each.path === "responses") return createOpenAI(options).responses(each.model);
  return createOpenAICompatible({ name: "served", includeUsage: true, ...options })(each.model);
}

function describe(part, step) {
  const { request, response, ...fields } = part;
  if (part.type === "text-delta" || part.type === "reasoning-delta") {
    fields.delta = part.text;
    delete fields.text;
  }
  if (/^(text|reasoning)-/.test(part.type)) fields.block = `${step}.${part.id}`;
  if (part.type === "error") throw part.error;
  return fields;
}

await runCases(async (settings, each) => {
  const request = {
    model: buildModel(settings, each),
    system: each.system,
    prompt: each.prompt,
    temperature: each.sampling.temperature,
    topP: each.sampling.top_p,
    maxRetries: 0,
    providerOptions: { openai: { store: false } },
    stopWhen: stepCountIs(6),
  };
  if (each.tools) {
    const execute = async () => settings.result;
    request.tools = { [TOOL]: tool({ description: DESCRIPTION, inputSchema: jsonSchema(SCHEMA), execute }) };
  }
  const events = [];
  let result;
  if (each.stream) {
    result = streamText({ ...request, onError: () => {} });
    let step = 0;
    for await (const part of result.fullStream) {
      if (part.type === "start-step") step++;
      events.push(describe(part, step));
    }
  } else {
    result = await generateText(request);
  }
  const { messages } = await result.response;
  events.push({
    type: "result",
    history: messages,
    text: await result.text,
    reasoning: await result.reasoningText,
    finishReason: await result.finishReason,
    usage: await result.totalUsage,
    steps: (await result.steps).map(({ content, finishReason, usage }) => ({ content, finishReason, usage })),
  });
  return events;
});
