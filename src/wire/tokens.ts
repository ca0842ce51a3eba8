// Roughly how many tokens a text or a chat request is, from its characters; never reads more than a few kilobytes of it.
import type { ChatMessage, ChatRequest } from '../contract/index.ts';

/** Tokens around each message (role, separators), as OpenAI documents for its chat format. */
const MESSAGE_TOKENS = 4;
/** One image at unknown size and automatic detail: 85 + 6 tiles of 170. */
const IMAGE_TOKENS = 1_105;
const IMAGE_LOW_TOKENS = 85;
/** Characters of base64 per token of sound: about 10 tokens a second at 16 kB a second. */
const AUDIO_CHARACTERS = 2_000;
/** A file that stands in base64: text of about a quarter of its bytes. */
const FILE_CHARACTERS = 8;

/** Characters read per request; beyond them the density seen so far is extrapolated. */
const READ_CHARACTERS = 2_048;
const WINDOW = 128;

/** Tokens per UTF-16 unit below U+0250, measured against o200k_base. */
const LATIN = Float32Array.from({ length: 0x250 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code <= 0x20 || code === 0xa0) return code === 0x0a ? 0.3 : 0.04;
  if (/[a-z]/i.test(character)) return 0.22;
  if (/\d/.test(character)) return 0.42;
  return code < 0x80 ? 0.65 : 0.75;
});

function unitTokens(code: number): number {
  if (code < 0x250) return LATIN[code]!;
  if (code < 0x530) return 0.36;
  if (code >= 0x2e80 && code < 0xa4d0) return code < 0x3100 ? 0.8 : 0.95;
  if (code >= 0xac00 && code < 0xd7b0) return 0.85;
  if (code >= 0xd800 && code < 0xe000) return 1.1;
  return code < 0x2000 ? 0.6 : 1;
}

interface Reading {
  readCharacters: number;
  readTokens: number;
  tokens: number;
}

function readWindow(text: string, from: number, to: number, reading: Reading): void {
  let sum = 0;
  for (let at = from; at < to; at += 1) sum += unitTokens(text.charCodeAt(at));
  reading.readCharacters += to - from;
  reading.readTokens += sum;
}

/** Short texts are read whole, long ones in eight windows spread over them. */
function addText(text: string, reading: Reading): void {
  if (text.length === 0) return;
  const tokensBefore = reading.readTokens;
  const charactersBefore = reading.readCharacters;
  if (text.length <= 8 * WINDOW) {
    if (charactersBefore < READ_CHARACTERS) readWindow(text, 0, text.length, reading);
  } else if (charactersBefore < 2 * READ_CHARACTERS) {
    const step = (text.length - WINDOW) / 7;
    for (let nth = 0; nth < 8; nth += 1) {
      const from = Math.floor(nth * step);
      readWindow(text, from, from + WINDOW, reading);
    }
  }
  const characters = reading.readCharacters - charactersBefore;
  const density =
    characters > 0 ? (reading.readTokens - tokensBefore) / characters : reading.readTokens / reading.readCharacters;
  reading.tokens += density * text.length;
}

const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

function addPart(part: Readonly<Record<string, unknown>>, reading: Reading): void {
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'refusal':
      for (const text of [part['text'], part['refusal']]) if (typeof text === 'string') addText(text, reading);
      return;
    case 'image_url': {
      const image = part['image_url'] as { readonly detail?: unknown } | null | undefined;
      reading.tokens += image?.detail === 'low' ? IMAGE_LOW_TOKENS : IMAGE_TOKENS;
      return;
    }
    case 'input_audio': {
      const audio = part['input_audio'] as { readonly data?: unknown } | null | undefined;
      reading.tokens += 10 + lengthOf(audio?.data) / AUDIO_CHARACTERS;
      return;
    }
    case 'file': {
      const file = part['file'] as { readonly file_data?: unknown } | null | undefined;
      reading.tokens += Math.max(500, lengthOf(file?.file_data) / FILE_CHARACTERS);
      return;
    }
    default:
      reading.tokens += 50;
  }
}

function addMessage(message: ChatMessage, reading: Reading): void {
  reading.tokens += MESSAGE_TOKENS;
  const { content } = message;
  if (typeof content === 'string') addText(content, reading);
  else if (content) for (const part of content) addPart(part, reading);
  const calls = message['tool_calls'];
  if (Array.isArray(calls)) addData(calls, reading, { left: 500 });
}

/** JSON data by the lengths of its strings and keys; punctuation is about half a token each. Stops after `left` values. */
function addData(value: unknown, reading: Reading, budget: { left: number }): void {
  if (budget.left <= 0) return;
  budget.left -= 1;
  if (typeof value === 'string') addText(value, reading);
  else if (Array.isArray(value)) for (const item of value) addData(item, reading, budget);
  else if (typeof value === 'object' && value !== null) {
    for (const key in value) {
      reading.tokens += 1.5 + key.length / 5;
      addData((value as Record<string, unknown>)[key], reading, budget);
      if (budget.left <= 0) return;
    }
  } else reading.tokens += 1;
}

/** Tokens of a text: within about a quarter of o200k_base's count for prose, code and JSON in the scripts of the tests. */
export function textTokens(text: string): number {
  const reading: Reading = { readCharacters: 0, readTokens: 0, tokens: 0 };
  addText(text, reading);
  return Math.ceil(reading.tokens);
}

/** Tokens of a request's whole input: messages, images, sound, tools and schema. */
export function requestTokens(request: ChatRequest): number {
  const reading: Reading = { readCharacters: 0, readTokens: 0, tokens: 3 };
  for (const message of request.messages) addMessage(message, reading);
  for (const data of [request.tools, request.response_format, request['functions']]) {
    if (data) addData(data, reading, { left: 2_000 });
  }
  return Math.ceil(reading.tokens);
}
