// How the deltas of one choice add up to its message.
import type { AssistantMessage, Choice, ToolCall } from '../contract/index.ts';
import { splitParts } from './text-parts.ts';

type Fields = Record<string, unknown>;

/** Strings that name something: repeated in every delta by some providers, never to be joined. */
const NAMES = new Set(['id', 'type', 'role', 'name', 'format', 'index', 'object']);

/**
 * Joins a delta into what is there: texts and lists are appended, objects joined field by field, anything else replaced;
 * null never erases. `old` may be changed. Returns the joined value.
 */
export function joined(old: unknown, more: unknown, key: string): unknown {
  if (more === null || more === undefined) return old === undefined ? more : old;
  if (typeof old === 'string' && typeof more === 'string') return NAMES.has(key) ? more || old : old + more;
  if (Array.isArray(old) && Array.isArray(more)) {
    for (const item of more as unknown[]) (old as unknown[]).push(item);
    return old;
  }
  if (isObject(old) && isObject(more)) {
    join(old, more);
    return old;
  }
  return more;
}

/** Joins every field of `more` into `fields`, except those in `skip`. */
function join(fields: Fields, more: Fields, skip?: ReadonlySet<string>): void {
  for (const key of Object.keys(more)) {
    if (key === '__proto__' || skip?.has(key)) continue;
    fields[key] = joined(fields[key], more[key], key);
  }
}

const OWN_OF_CHOICE: ReadonlySet<string> = new Set(['index', 'delta', 'message', 'finish_reason', 'usage', 'logprobs']);
const OWN_OF_DELTA: ReadonlySet<string> = new Set(['role', 'content', 'tool_calls']);

export interface ChoiceDraft {
  take(choice: Fields): void;
  choice(): Choice;
}

export function createChoiceDraft(index: number): ChoiceDraft {
  const message: Fields = {};
  const more: Fields = {};
  const calls = createCallDrafts();
  let text: string | null = null;
  let finishReason: string | null = null;
  let logprobs: unknown;

  const takeDelta = (delta: Fields): void => {
    const content = delta['content'];
    if (typeof content === 'string') text = (text ?? '') + content;
    const split = splitParts(content);
    if (split) {
      text = (text ?? '') + split.text;
      if (split.reasoning) join(message, { reasoning_content: split.reasoning });
    }
    if (Array.isArray(delta['tool_calls']))
      for (const call of delta['tool_calls'] as unknown[]) if (isObject(call)) calls.take(call);
    join(message, delta, OWN_OF_DELTA);
  };

  return {
    take(choice) {
      const delta = choice['delta'] ?? choice['message'];
      if (isObject(delta)) takeDelta(delta);
      if (choice['logprobs'] !== undefined) logprobs = joined(logprobs, choice['logprobs'], 'logprobs');
      if (typeof choice['finish_reason'] === 'string' && choice['finish_reason'] !== '')
        finishReason = choice['finish_reason'];
      join(more, choice, OWN_OF_CHOICE);
    },
    choice() {
      const made = calls.made();
      const content = text === '' && made.length > 0 ? null : text;
      const whole = {
        role: 'assistant',
        content,
        ...message,
        ...(made.length > 0 && { tool_calls: made }),
      } as AssistantMessage;
      return {
        index,
        message: whole,
        ...(logprobs !== undefined && { logprobs }),
        finish_reason: finishReason,
        ...more,
      };
    },
  };
}

interface CallDrafts {
  take(delta: Fields): void;
  made(): readonly ToolCall[];
}

const OWN_OF_CALL: ReadonlySet<string> = new Set(['index', 'function']);

/** Tool calls by index. Without one, and when another id comes under the same index (Ollama, Gemini), a new call begins. */
function createCallDrafts(): CallDrafts {
  const drafts: { readonly index: number; readonly call: Fields }[] = [];

  const draftFor = (delta: Fields): Fields => {
    const index = typeof delta['index'] === 'number' ? delta['index'] : null;
    const id = typeof delta['id'] === 'string' && delta['id'] !== '' ? delta['id'] : null;
    const known = index === null ? drafts.at(-1) : drafts.findLast((draft) => draft.index === index);
    const names = isObject(delta['function']) && typeof delta['function']['name'] === 'string';
    const another = id !== null && known?.call['id'] !== undefined && known.call['id'] !== id;
    if (known && !(another && names) && !(index === null && id === null && names)) return known.call;
    const call: Fields = {};
    drafts.push({ index: index ?? drafts.length, call });
    return call;
  };

  return {
    take(delta) {
      const call = draftFor(delta);
      join(call, delta, OWN_OF_CALL);
      if (isObject(delta['function'])) takeFunction(call, delta['function']);
    },
    made() {
      const inOrder = drafts.toSorted((left, right) => left.index - right.index);
      return inOrder.map(
        ({ call }) =>
          ({ ...(call['id'] !== undefined && { id: call['id'] }), ...withType(call) }) as unknown as ToolCall,
      );
    },
  };
}

function withType(call: Fields): Fields {
  return { ...call, type: typeof call['type'] === 'string' && call['type'] !== '' ? call['type'] : 'function' };
}

function takeFunction(call: Fields, delta: Fields): void {
  const called = (call['function'] ??= { name: '', arguments: '' }) as Fields;
  const args = delta['arguments'];
  const text = typeof args === 'string' || args == null ? (args ?? '') : JSON.stringify(args);
  join(called, { ...delta, arguments: text });
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
