// What the messages of a request say, taken apart once: the question, the instructions, the images, the tools' results.
import type { ChatMessage, ChatRequest } from '../contract/index.ts';
import { digestOf } from './random.ts';
import { countTokens } from './tokens.ts';

/** Text beyond it is hashed and counted, but not read for an answer. */
const READ_CHARACTERS = 60_000;

interface ToolResult {
  readonly name: string;
  readonly content: string;
}

export interface Prompt {
  /** Last user message. */
  readonly text: string;
  /** The user message before it; empty when there is none. */
  readonly before: string;
  /** System and developer messages. */
  readonly system: string;
  readonly images: number;
  readonly sounds: number;
  /** What the tools said after the last user message; empty when none did. */
  readonly toolResults: readonly ToolResult[];
  /** The same for messages that mean the same. */
  readonly digest: string;
  readonly tokens: number;
}

type Part = { readonly type: string; readonly text?: unknown };

function textOf(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  const parts: readonly Part[] = content ?? [];
  return parts.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])).join('\n');
}

function partsLike(messages: readonly ChatMessage[], type: RegExp): number {
  return messages.reduce((sum, { content }) => {
    return sum + (Array.isArray(content) ? content.filter((part: Part) => type.test(part.type)).length : 0);
  }, 0);
}

/** Name of the tool that each call id belongs to. */
function callNames(messages: readonly ChatMessage[]): Map<string, string> {
  type Call = { readonly id?: unknown; readonly function?: { readonly name?: unknown } };
  const calls = messages.flatMap((message) =>
    Array.isArray(message.tool_calls) ? (message.tool_calls as Call[]) : [],
  );
  return new Map(
    calls.map((call) => [String(call?.id), typeof call?.function?.name === 'string' ? call.function.name : 'tool']),
  );
}

function toolResultsOf(messages: readonly ChatMessage[]): ToolResult[] {
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  const names = callNames(messages);
  return messages
    .slice(lastUser + 1)
    .filter((message) => message.role === 'tool' || message.role === 'function')
    .map((message) => ({
      name: names.get(String(message.tool_call_id)) ?? (typeof message.name === 'string' ? message.name : 'tool'),
      content: readable(textOf(message)),
    }));
}

function canonical(message: ChatMessage): string {
  const parts: readonly Part[] = Array.isArray(message.content) ? message.content : [];
  const others = parts.filter((part) => typeof part.text !== 'string');
  return JSON.stringify([message.role, textOf(message), others, message.tool_calls ?? null]);
}

/** What is read for an answer: bounded, and without long blanks, which patterns would try from each of their places. */
const readable = (text: string): string =>
  text.slice(0, READ_CHARACTERS).replace(/\s{16,}/g, (blank) => (blank.includes('\n') ? '\n' : ' '));

export function readPrompt(request: ChatRequest): Prompt {
  const { messages } = request;
  const instructions = messages.filter(({ role }) => role === 'system' || role === 'developer');
  const users = messages.filter(({ role }) => role === 'user');
  const images = partsLike(messages, /image/);
  const extras = [request.tools, request.response_format].filter((value) => value !== undefined && value !== null);
  return {
    text: readable(textOf(users.at(-1) ?? messages.at(-1)!)),
    before: users.length > 1 ? readable(textOf(users.at(-2)!)) : '',
    system: readable(instructions.map(textOf).join('\n')),
    images,
    sounds: partsLike(messages, /audio/),
    toolResults: toolResultsOf(messages),
    digest: digestOf(messages.map(canonical).join('\n')),
    tokens:
      messages.reduce((sum, message) => sum + 4 + countTokens(textOf(message)), 3) +
      images * 85 +
      (extras.length > 0 ? countTokens(JSON.stringify(extras)) : 0),
  };
}
