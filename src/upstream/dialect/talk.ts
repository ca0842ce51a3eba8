// A conversation as both native dialects see it: the system's words apart, turns of user, assistant and tools.
import type { ChatMessage } from '../../contract/index.ts';
import { rejection } from './rejection.ts';

export type Fields = Readonly<Record<string, unknown>>;

export type Part =
  /** `more`: what the caller hung onto it, such as `cache_control`. */
  | { readonly kind: 'text'; readonly text: string; readonly more: Fields }
  /** Base64, or an address. */
  | { readonly kind: 'image' | 'audio' | 'file'; readonly media: Media; readonly more: Fields };

export interface Media {
  readonly data: string | null;
  readonly url: string | null;
  /** Null: nobody said. */
  readonly type: string | null;
}

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

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);

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

/** Blank texts are left out: both APIs refuse them. */
function partsOf(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ kind: 'text', text: content, more: {} }];
  return listOf(content).flatMap((part, at) => partOf(part, `${path}[${at}]`));
}

function partOf(part: Fields, path: string): Part[] {
  const { type, cache_control } = part;
  const more = cache_control === undefined ? {} : { cache_control };
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal': {
      const words = text(part['text'] ?? part['refusal']);
      return words.trim() === '' ? [] : [{ kind: 'text', text: words, more }];
    }
    case 'image_url':
    case 'input_image': {
      const image = part['image_url'];
      return [{ kind: 'image', media: mediaOf(isObject(image) ? image['url'] : image, null, path), more }];
    }
    case 'input_audio': {
      const audio = isObject(part['input_audio']) ? part['input_audio'] : {};
      const format = text(audio['format']) || 'wav';
      return [{ kind: 'audio', media: { data: text(audio['data']), url: null, type: `audio/${format}` }, more }];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const from = file['file_data'] ?? file['file_url'] ?? file['file_id'];
      return [{ kind: 'file', media: mediaOf(from, 'application/pdf', path), more }];
    }
    case 'video_url': {
      const video = part['video_url'];
      return [{ kind: 'file', media: mediaOf(isObject(video) ? video['url'] : video, null, path), more }];
    }
    case 'thinking':
    case 'reasoning':
      return [];
    default:
      throw rejection(
        `Content parts of type '${text(type).slice(0, 40)}' can't be sent to this model.`,
        `${path}.type`,
      );
  }
}

/** A `data:` URL, an address, or bare base64. */
function mediaOf(value: unknown, usualType: string | null, path: string): Media {
  const url = text(value);
  if (url === '') throw rejection('The content part names no data and no URL.', path);
  if (/^(https?|gs):/i.test(url)) return { data: null, url, type: null };
  if (!/^data:/i.test(url)) return { data: url, url: null, type: usualType };
  const comma = url.indexOf(',');
  if (comma < 0) throw rejection('The data URL has no data.', path);
  const [type = '', ...options] = url.slice(5, comma).split(';');
  const body = url.slice(comma + 1);
  const base64 = options.some((option) => option.trim().toLowerCase() === 'base64');
  return {
    data: base64 ? body : Buffer.from(percentDecoded(body)).toString('base64'),
    url: null,
    type: type.trim().toLowerCase() || usualType,
  };
}

function percentDecoded(body: string): string {
  try {
    return decodeURIComponent(body);
  } catch {
    return body;
  }
}
