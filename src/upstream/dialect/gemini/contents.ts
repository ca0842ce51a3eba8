// A conversation in Gemini's words: contents of parts, function responses by name, signatures of thoughts given back.
import type { Model } from '../../../contract/index.ts';
import { isObject, text, type Fields, type Part } from '../parts.ts';
import type { Call, Result, Talk, Turn } from '../talk.ts';

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: readonly Fields[];
}

/** Google, "Thought signatures": what stands for the signature of a call that another model made. */
const FOREIGN_SIGNATURE = 'skip_thought_signature_validator';

export function geminiContents({ turns }: Talk, model: Model): Content[] {
  const wantsSignature = model.capabilities.has('reasoning') && model.thinking !== 'budget';
  const contents = turns.map((turn) => contentOf(turn, wantsSignature)).filter(({ parts }) => parts.length > 0);
  return contents.length > 0 ? contents : [{ role: 'user', parts: [{ text: '(nothing)' }] }];
}

function contentOf(turn: Turn, wantsSignature: boolean): Content {
  switch (turn.role) {
    case 'user':
      return { role: 'user', parts: [...turn.results.flatMap(responseOf), ...turn.parts.map(partOf)] };
    case 'assistant':
      return {
        role: 'model',
        parts: [...wordsOf(turn), ...turn.calls.map((call, at) => callOf(call, wantsSignature && at === 0))],
      };
    default:
      return turn satisfies never;
  }
}

export const systemParts = (system: readonly Part[]): Fields[] => system.map(partOf);

/** A signature without a call belongs to the last words. */
function wordsOf({ parts, source }: Extract<Turn, { readonly role: 'assistant' }>): Fields[] {
  const made = parts.map(partOf);
  const signature = signatureOf(source);
  if (signature === null) return made;
  const last = made.pop() ?? { text: '' };
  return [...made, { ...last, thoughtSignature: signature }];
}

function signatureOf({ extra_content: extra }: Fields): string | null {
  const google = isObject(extra) ? extra['google'] : null;
  const signature = isObject(google) ? text(google['thought_signature']) : '';
  return signature === '' ? null : signature;
}

function callOf(call: Call, wantsSignature: boolean): Fields {
  const signature = signatureOf(call.source) ?? (wantsSignature ? FOREIGN_SIGNATURE : null);
  return {
    functionCall: { id: call.id, name: call.name, args: call.input },
    ...(signature !== null && { thoughtSignature: signature }),
  };
}

/** The response is an object; a text that holds one is taken for it. Pictures stand beside it. */
function responseOf({ call, parts }: Result): Fields[] {
  const words = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  const response = objectIn(words) ?? { result: words };
  const media = parts.filter((part) => part.kind !== 'text').map(partOf);
  return [{ functionResponse: { id: call.id, name: call.name, response } }, ...media];
}

function objectIn(words: string): Fields | null {
  if (!/^\s*\{/.test(words)) return null;
  try {
    const value: unknown = JSON.parse(words);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const USUAL_TYPE = { image: 'image/jpeg', audio: 'audio/wav', file: 'application/pdf' } as const;
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  pdf: 'application/pdf',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
};

function partOf(part: Part): Fields {
  if (part.kind === 'text') return { text: part.text };
  const { data, url, type } = part.media;
  if (url !== null)
    return { fileData: { fileUri: url, mimeType: type ?? typeOfAddress(url) ?? USUAL_TYPE[part.kind] } };
  return { inlineData: { mimeType: type ?? USUAL_TYPE[part.kind], data } };
}

const typeOfAddress = (url: string): string | undefined =>
  TYPES[/\.([a-z0-9]{2,4})(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? ''];
