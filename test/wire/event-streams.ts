// Event streams at random, with what they mean, for the laws of tap and collector.
import * as fc from 'fast-check';

type Fields = Record<string, unknown>;

/** One block of a stream and, if it carries data, that data. */
export interface Block {
  readonly text: string;
  readonly data: string | null;
}

interface RandomStream {
  readonly bytes: Uint8Array;
  readonly blocks: readonly Block[];
}

/** Text that looks like what the tap searches for. */
const nasty = fc.constantFrom(
  '"usage":{',
  '[DONE]',
  'data: [DONE]',
  '\n\n',
  '\r',
  '"error":{"message":"x"}',
  '"finish_reason":"stop"',
  'usage',
  '🦑',
  '\u2028',
  '"',
);
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 8 }), nasty);

const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const usage = fc.record({ prompt_tokens: fc.nat(99), completion_tokens: fc.nat(99) }).map((counts) => ({
  ...counts,
  total_tokens: counts.prompt_tokens + counts.completion_tokens,
}));

const delta: fc.Arbitrary<Fields> = fc.oneof(
  fc.record({ content: text }),
  fc.record({ reasoning_content: text }),
  fc.record({ index: fc.nat(2), function: fc.record({ arguments: text }) }).map((call) => ({ tool_calls: [call] })),
);
const chunk: fc.Arbitrary<Fields> = fc.oneof(
  {
    weight: 8,
    arbitrary: delta.map((one) => ({ ...head, choices: [{ index: 0, delta: one, finish_reason: null }], usage: null })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('stop', 'length')
      .map((reason) => ({ ...head, choices: [{ index: 0, delta: {}, finish_reason: reason }] })),
  },
  { weight: 1, arbitrary: usage.map((counts) => ({ ...head, choices: [], usage: counts })) },
  {
    weight: 1,
    arbitrary: usage.map((counts) => ({
      ...head,
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
      usage: counts,
    })),
  },
);
const failure = fc.constantFrom(
  { error: { message: 'boom', type: 'server_error', code: 500 } },
  { object: 'error', message: 'vllm' },
  { error: 'bare' },
);

/** Compact, or spread over several `data:` lines. */
const jsonLines = (value: fc.Arbitrary<Fields>): fc.Arbitrary<string[]> =>
  fc
    .tuple(value, fc.constantFrom(undefined, 1, '\t'))
    .map(([one, space]) => JSON.stringify(one, null, space).split('\n'));
const dataLines = fc.oneof(
  { weight: 10, arbitrary: jsonLines(chunk) },
  { weight: 1, arbitrary: jsonLines(failure) },
  { weight: 1, arbitrary: fc.constantFrom(['[DONE]'], ['not json "usage":{'], ['{"half":']) },
);
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

const dataBlock = fc
  .tuple(
    dataLines,
    lineEnd,
    fc.constantFrom('data: ', 'data:'),
    fc.constantFrom([], ['event: message'], ['id: 7', ': note']),
  )
  .map(([lines, end, field, before]) => ({
    text:
      [...before, ...lines.map((line) => (line.startsWith(' ') ? `data: ${line}` : field + line)), ''].join(end) + end,
    data: lines.join('\n'),
  }));
const quietBlock = fc
  .tuple(fc.constantFrom([': comment "usage":{'], [':'], [], ['event: ping'], ['retry: 5']), lineEnd)
  .map(([lines, end]) => ({ text: [...lines, ''].join(end) + (lines.length === 0 ? '' : end), data: null }));

export const randomStream: fc.Arbitrary<RandomStream> = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.oneof({ weight: 4, arbitrary: dataBlock }, { weight: 1, arbitrary: quietBlock }), { maxLength: 12 }),
    fc.constantFrom('', 'data: [DONE]\n\n', 'data: [DONE]\r\r: bye\n\n'),
  )
  .map(([mark, blocks, close]) => ({
    bytes: Buffer.from((mark ? '\ufeff' : '') + blocks.map((block) => block.text).join('') + close),
    blocks: close === '' ? blocks : [...blocks, { text: close, data: '[DONE]' }],
  }));

/** The bytes in pieces: cut at a few places, or after every byte. */
export function cutUp(bytes: Uint8Array, cuts: readonly number[] | 'bytes'): Uint8Array[] {
  const places =
    cuts === 'bytes'
      ? Array.from(bytes.keys())
      : cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right);
  const pieces = [0, ...places].map((start, at) => bytes.subarray(start, [...places, bytes.length][at]));
  return pieces.map((piece) => Uint8Array.from(piece));
}

export const randomCuts = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.nat(4000), { maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant('bytes' as const) },
);

/** The data of each event, read line by line as the standard says (WHATWG HTML, "Interpreting an event stream"). */
export function eventsIn(bytes: Uint8Array): string[] {
  const events: string[] = [];
  let data: string[] = [];
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/);
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return events;
}
