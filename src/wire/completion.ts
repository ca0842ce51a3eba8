// A whole answer of an upstream: is it a completion? If not, why, in words that can go into a log.
import type { Completion } from '../contract/index.ts';
import { refuseDeep } from './nesting.ts';
import { splitParts } from './text-parts.ts';
import { usageOfChunk } from './usage.ts';

type Fields = Record<string, unknown>;

/** Nobody asks for so many; each is gone through, and streamed chunk by chunk. */
const MOST_CHOICES = 1_000;

/**
 * The completion in `bytes`. Small omissions are made good (a choice's index, a missing content or finish_reason as null,
 * usage that says nothing as null). Throws an Error with a plain reason for what is no completion.
 */
export function readCompletion(bytes: Uint8Array): Completion {
  const body = parse(bytes);
  if (!isObject(body)) throw new Error(`The upstream's answer is ${nounOf(body)}, not an object.`);
  const choices = body['choices'];
  if (!Array.isArray(choices)) throw new Error(reasonWithoutChoices(body));
  if (choices.length === 0) throw new Error("The upstream's answer has no choices.");
  if (choices.length > MOST_CHOICES) throw new Error(`The upstream's answer has ${choices.length} choices.`);
  if (tellsError(body['error'])) throw new Error("The upstream's answer has an error beside its choices.");
  choices.forEach(checkChoice);
  if (body['object'] !== 'chat.completion') body['object'] = 'chat.completion';
  if (typeof body['id'] !== 'string') body['id'] = '';
  if (typeof body['model'] !== 'string') body['model'] = '';
  if (typeof body['created'] !== 'number') body['created'] = 0;
  const tellsUsage = body['usage'] !== undefined || body['bot_usage'] !== undefined;
  if (tellsUsage) body['usage'] = usageOfChunk(body);
  return body as unknown as Completion;
}

function parse(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    refuseDeep(bytes);
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown;
  } catch {
    throw new Error(`The upstream's answer is ${kindOfText(text.trimStart())}, not JSON.`);
  }
}

function kindOfText(text: string): string {
  if (text === '') return 'empty';
  if (text.startsWith('<')) return 'a page of HTML or XML';
  if (/^(?:data|event|id|retry)?:/.test(text)) return 'an event stream';
  return text.startsWith('{') || text.startsWith('[') ? 'cut off or malformed' : 'plain text';
}

function reasonWithoutChoices(body: Fields): string {
  const error = body['error'] ?? (body['object'] === 'error' ? body : null);
  if (error === null || error === undefined) return "The upstream's answer has no list of choices.";
  const message = isObject(error) ? error['message'] : error;
  return `The upstream answered with an error under a success status: ${typeof message === 'string' ? message : JSON.stringify(error)}`;
}

/** Some servers have an empty one in each answer. */
const tellsError = (error: unknown): boolean =>
  isObject(error) ? Object.keys(error).length > 0 : typeof error === 'string' && error !== '';

function checkChoice(choice: unknown, at: number): void {
  if (!isObject(choice)) throw new Error(`The upstream's choice ${at} is ${nounOf(choice)}, not an object.`);
  const message = choice['message'];
  if (!isObject(message)) throw new Error(`The upstream's choice ${at} has no message.`);
  if (choice['finish_reason'] === 'error') throw new Error(`The upstream's choice ${at} broke off in an error.`);
  if (typeof choice['index'] !== 'number') choice['index'] = at;
  if (typeof choice['finish_reason'] !== 'string') choice['finish_reason'] = null;
  if (typeof message['role'] !== 'string') message['role'] = 'assistant';
  checkContent(message, at);
  checkCalls(message, at);
}

function checkContent(message: Fields, at: number): void {
  const content = message['content'];
  if (typeof content === 'string' || content === null) return;
  const split = splitParts(content);
  if (split === null && content !== undefined)
    throw new Error(`The content of the upstream's choice ${at} is ${nounOf(content)}, not a text.`);
  message['content'] = split?.text ?? null;
  if (split?.reasoning) message['reasoning_content'] ??= split.reasoning;
}

/** Arguments that came as an object (Ollama's own way) become the JSON text that OpenAI's format has. */
function checkCalls(message: Fields, at: number): void {
  const calls = message['tool_calls'];
  if (calls === undefined) return;
  if (calls === null) {
    delete message['tool_calls'];
    return;
  }
  if (!Array.isArray(calls))
    throw new Error(`The tool_calls of the upstream's choice ${at} are ${nounOf(calls)}, not a list.`);
  for (const call of calls as readonly unknown[]) {
    if (!isObject(call))
      throw new Error(`A tool call of the upstream's choice ${at} is ${nounOf(call)}, not an object.`);
    if (typeof call['type'] !== 'string') call['type'] = 'function';
    if (call['type'] === 'function') checkFunction(call['function'], at);
  }
}

function checkFunction(called: unknown, at: number): void {
  if (!isObject(called) || typeof called['name'] !== 'string')
    throw new Error(`A tool call of the upstream's choice ${at} names no function.`);
  if (typeof called['arguments'] !== 'string')
    called['arguments'] = called['arguments'] == null ? '' : JSON.stringify(called['arguments']);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nounOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return `a ${typeof value}`;
}
