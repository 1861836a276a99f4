// LangChain JS: invoke and stream of ChatOpenAI, over chat and Responses, with a loop of tool calls.

import { HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { DESCRIPTION, SCHEMA, TOOL, runCases } from "./common.mjs";

function describe(chunk) {
  const events = [];
  const reasoning = chunk.additional_kwargs.reasoning_content;
  if (reasoning) events.push({ type: "reasoning", block: "reasoning", delta: reasoning });
  for (const part of chunk.contentBlocks) {
    if (part.type === "text" && part.text) events.push({ type: "text", block: "text", delta: part.text });
    else if (part.type === "reasoning" && part.reasoning) events.push({ type: "reasoning part", block: "reasoning part", delta: part.reasoning });
  }
  for (const piece of chunk.tool_call_chunks ?? []) events.push({ type: "tool_call_chunk", piece });
  const finish = chunk.response_metadata.finish_reason ?? chunk.response_metadata.status;
  if (finish) events.push({ type: "finish", finish });
  if (chunk.usage_metadata) events.push({ type: "usage", usage: chunk.usage_metadata });
  return events;
}

function describeMessage(message) {
  return {
    type: "answer",
    content: message.content,
    blocks: message.contentBlocks,
    tool_calls: message.tool_calls,
    invalid_tool_calls: message.invalid_tool_calls,
    usage: message.usage_metadata,
    finish: message.response_metadata.finish_reason ?? message.response_metadata.status,
  };
}

await runCases(async (settings, each) => {
  const events = [];
  const chat = new ChatOpenAI({
    model: each.model,
    apiKey: settings.key,
    configuration: { baseURL: `${settings.url}/v1` },
    useResponsesApi: each.path === "responses",
    streamUsage: true,
    maxRetries: 0,
    temperature: each.sampling.temperature,
    topP: each.sampling.top_p,
  });
  const tools = [{ type: "function", function: { name: TOOL, description: DESCRIPTION, parameters: SCHEMA } }];
  const model = each.tools ? chat.bindTools(tools) : chat;
  const messages = [new SystemMessage(each.system), new HumanMessage(each.prompt)];
  for (let turn = 0; turn < 6; turn++) {
    let answer;
    if (each.stream) {
      for await (const chunk of await model.stream(messages)) {
        events.push(...describe(chunk));
        answer = answer ? answer.concat(chunk) : chunk;
      }
    } else {
      answer = await model.invoke(messages);
    }
    events.push(describeMessage(answer));
    messages.push(answer);
    if (answer.tool_calls.length === 0) break;
    for (const call of answer.tool_calls) {
      messages.push(new ToolMessage({ content: settings.result, tool_call_id: call.id }));
    }
  }
  return events;
});
