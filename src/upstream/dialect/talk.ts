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

/**
 * System and developer messages are gathered in front, in their order: neither API has a place for them further down, and as a
 * user's words they would lose their weight. A tool's result whose call isn't there becomes a user's text.
 */
export function talkOf(messages: readonly ChatMessage[]): Talk {
  const system: Part[] = [];
  const turns: { role: 'user' | 'assistant'; turn: Turn }[] = [];
  const calls: Call[] = [];
  const answered = new Set<Call>();

  const addUser = (results: readonly Result[], parts: readonly Part[]): void => {
    if (results.length === 0 && parts.length === 0) return;
    const last = turns.at(-1);
    if (last?.turn.role !== 'user') turns.push({ role: 'user', turn: { role: 'user', results, parts } });
    else {
      const { turn } = last;
      last.turn = { role: 'user', results: [...turn.results, ...results], parts: [...turn.parts, ...parts] };
    }
  };
  const addResult = (message: Fields, parts: readonly Part[]): void => {
    const id = text(message['tool_call_id']);
    const open = (call: Call): boolean => !answered.has(call);
    const call =
      message['role'] === 'function'
        ? calls.find((each) => open(each) && each.name === message['name'])
        : (calls.findLast((each) => open(each) && (each.source['id'] === id || each.id === id)) ??
          (id === '' ? calls.find(open) : undefined));
    if (call === undefined) {
      const words = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
      addUser([], [{ kind: 'text', text: `Result of a tool call${id && ` (${id})`}: ${words}`, more: {} }]);
    } else {
      answered.add(call);
      addUser([{ call, parts }], []);
    }
  };

  messages.forEach((message, at) => {
    const fields = message as Fields;
    const parts = partsOf(message.content, `messages[${at}].content`);
    switch (message.role) {
      case 'system':
      case 'developer':
        system.push(...parts);
        return;
      case 'tool':
      case 'function':
        addResult(fields, parts);
        return;
      case 'assistant': {
        const own = callsOf(fields, at);
        // Only what the last turn asked for can be answered.
        calls.splice(0, calls.length, ...own);
        turns.push({ role: 'assistant', turn: { role: 'assistant', parts, calls: own, source: fields } });
        return;
      }
      default:
        addUser([], parts);
    }
  });
  return { system, turns: turns.map(({ turn }) => turn) };
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
