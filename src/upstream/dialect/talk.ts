// A conversation as both native dialects see it: the system's words apart, turns of user, assistant and tools.
import type { ChatMessage } from '../../contract/index.ts';
import { isObject, listOf, partsOf, text, type Fields, type Part } from './parts.ts';

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly input: Fields;
  /** The call as it came, with its extra fields. */
  readonly source: Fields;
}

export interface Result {
  readonly call: Call;
  readonly parts: readonly Part[];
}

export type Turn =
  /** What tools gave back stands before what the user says to it. */
  | { readonly role: 'user'; readonly results: readonly Result[]; readonly parts: readonly Part[] }
  | {
      readonly role: 'assistant';
      readonly parts: readonly Part[];
      readonly calls: readonly Call[];
      readonly source: Fields;
    };

export interface Talk {
  readonly system: readonly Part[];
  readonly turns: readonly Turn[];
}

interface UserDraft {
  readonly role: 'user';
  readonly results: Result[];
  readonly parts: Part[];
}

/**
 * System and developer messages are gathered in front, in their order: neither API has a place for them further down, and as a
 * user's words they would lose their weight. A tool's result whose call isn't there becomes a user's text.
 */
export function talkOf(messages: readonly ChatMessage[]): Talk {
  const system: Part[] = [];
  const turns: (UserDraft | Extract<Turn, { readonly role: 'assistant' }>)[] = [];
  let open = openCalls([]);

  const user = (): UserDraft => {
    const last = turns.at(-1);
    if (last?.role === 'user') return last;
    const draft: UserDraft = { role: 'user', results: [], parts: [] };
    turns.push(draft);
    return draft;
  };
  messages.forEach((message, at) => {
    const fields = message as Fields;
    const parts = partsOf(message.content, `messages[${at}].content`);
    if (message.role === 'system' || message.role === 'developer') addTo(system, parts);
    else if (message.role === 'assistant') {
      const calls = callsOf(fields, at);
      // Only what the last turn asked for can be answered.
      open = openCalls(calls);
      turns.push({ role: 'assistant', parts, calls, source: fields });
    } else if (message.role === 'tool' || message.role === 'function') {
      const call = open.take(fields);
      if (call === null) user().parts.push(strayResult(fields, parts));
      else user().results.push({ call, parts });
    } else if (parts.length > 0) addTo(user().parts, parts);
  });
  return { system, turns };
}

function addTo(list: Part[], more: readonly Part[]): void {
  for (const part of more) list.push(part);
}

function strayResult(message: Fields, parts: readonly Part[]): Part {
  const id = text(message['tool_call_id']);
  const words = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  return { kind: 'text', text: `Result of a tool call${id && ` (${id})`}: ${words}`, more: {} };
}

/** Calls that wait for their result: found by id; a result without one (the old `function` messages) answers the first. */
function openCalls(calls: readonly Call[]): { take(message: Fields): Call | null } {
  const left = new Set(calls);
  const byId = new Map(calls.map((call) => [call.id, call]));
  return {
    take(message) {
      const id = text(message['tool_call_id']);
      const call = id === '' ? left.values().next().value : byId.get(id);
      return call !== undefined && left.delete(call) ? call : null;
    },
  };
}

function callsOf(message: Fields, at: number): Call[] {
  const legacy = isObject(message['function_call']) ? [{ function: message['function_call'] }] : [];
  return [...listOf(message['tool_calls']), ...legacy].flatMap((source: Fields, nth) => {
    const called = source['function'] ?? source['custom'];
    if (!isObject(called)) return [];
    return [
      { id: text(source['id']) || `call_${at}_${nth}`, name: text(called['name']), input: inputOf(called), source },
    ];
  });
}

/** Models write arguments that don't parse; they are kept as a text. */
function inputOf(called: Fields): Fields {
  const written = called['arguments'] ?? called['input'];
  if (isObject(written)) return written;
  if (text(written).trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text(written));
    return isObject(value) ? value : { value };
  } catch {
    return { text: text(written) };
  }
}
