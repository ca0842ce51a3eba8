// Π17: how the bytes of a stream are cut never changes what is seen in them.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionFromStream, createCompletionCollector, createStreamTap, type TapEnd } from '../../src/wire/index.ts';
import { cutUp, eventsIn, randomCuts, randomStream, type Block } from './event-streams.ts';

type Fields = Readonly<Record<string, unknown>>;

function tapped(pieces: readonly Uint8Array[], hideUsage: boolean): { out: Uint8Array[]; end: TapEnd } {
  const tap = createStreamTap({ hideUsage });
  const out = pieces.flatMap((piece) => tap.push(piece) ?? []);
  const end = tap.end();
  return { out: end.tail ? [...out, end.tail] : out, end };
}

function parsed(data: string): Fields | null {
  try {
    return JSON.parse(data) as Fields;
  } catch {
    return null;
  }
}

/** The answer's events before its end. */
function answerIn(blocks: readonly Block[]): readonly Block[] {
  const done = blocks.findIndex(({ data }) => data === '[DONE]');
  return done === -1 ? blocks : blocks.slice(0, done);
}

/** Place of the first event that should be JSON and isn't; -1: none. Of one that was cut off nobody can tell. */
const damageIn = (blocks: readonly Block[]): number =>
  answerIn(blocks).findIndex(
    ({ data, text }) =>
      data !== null &&
      data.trim() !== '' &&
      parsed(data) === null &&
      /(?:\n|\r){2}$|\r\n\r\n$/.test(text) &&
      !/^event:(?! *message)/m.test(text),
  );

/** What the client may see of these blocks, from the contract alone. */
function forwardable(blocks: readonly Block[], hideUsage: boolean): string[] {
  const damage = damageIn(blocks);
  const before = damage === -1 ? answerIn(blocks) : blocks.slice(0, damage);
  return before.flatMap(({ data }) => {
    const chunk = parsed(data ?? '');
    if (data === null || chunk?.['error'] || chunk?.['object'] === 'error') return [];
    return hideUsage && chunk?.['usage'] && (chunk['choices'] as unknown[]).length === 0 ? [] : [data];
  });
}

describe('Π17 any cut of the byte stream', () => {
  it('Π17 forwards the same whole events, and tells the same at the end', () => {
    fc.assert(
      fc.property(randomStream, randomCuts, fc.boolean(), ({ bytes, blocks }, cuts, hideUsage) => {
        const { out, end } = tapped(cutUp(bytes, cuts), hideUsage);
        expect(out.flatMap((part) => eventsIn(part))).toEqual(forwardable(blocks, hideUsage));
        const { tail: _tail, ...told } = end;
        const { tail: _other, ...toldAtOnce } = tapped([bytes], hideUsage).end;
        expect(told).toEqual(toldAtOnce);
        expect(end.bytes).toBe(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('Π17 tells usage, finish reason, completeness and error as the events have them', () => {
    fc.assert(
      fc.property(randomStream, randomCuts, ({ bytes, blocks }, cuts) => {
        const { end } = tapped(cutUp(bytes, cuts), true);
        const chunks = blocks.map(({ data }) => parsed(data ?? '')).filter((chunk) => chunk !== null);
        const finish = chunks.flatMap((chunk) =>
          ((chunk['choices'] ?? []) as Fields[]).flatMap((choice) => choice['finish_reason'] ?? []),
        );
        const failed = chunks.some((chunk) => chunk['error'] || chunk['object'] === 'error');
        expect(end.usage).toEqual(chunks.findLast((chunk) => chunk['usage'])?.['usage'] ?? null);
        expect(end.finishReason).toBe(finish[0] ?? null);
        expect(end.error !== null).toBe(failed);
        const intact = !failed && damageIn(blocks) === -1;
        expect(end.complete).toBe(intact && (finish.length > 0 || blocks.some(({ data }) => data === '[DONE]')));
      }),
      { numRuns: 500 },
    );
  });

  it('Π17 passes on every byte that it does not withhold, but for a byte order mark', () => {
    fc.assert(
      fc.property(randomStream, randomCuts, ({ bytes, blocks }, cuts) => {
        fc.pre(
          blocks.length > 0 && forwardable(blocks, false).length === blocks.filter(({ data }) => data !== null).length,
        );
        const forwarded = Buffer.concat(tapped(cutUp(bytes, cuts), false).out).toString();
        expect(forwarded).toBe(blocks.map((block) => block.text).join(''));
      }),
      { numRuns: 200 },
    );
  });

  it('Π17 collects the same completion, and the same through the tap', () => {
    fc.assert(
      fc.property(randomStream, randomCuts, ({ bytes, blocks }, cuts) => {
        const collector = createCompletionCollector();
        const pieces = cutUp(bytes, cuts);
        for (const piece of pieces) collector.push(piece);
        const whole = completionFromStream(bytes);
        expect(collector.completion()).toEqual(whole);
        const failed = tapped([bytes], false).end.error !== null || damageIn(blocks) !== -1;
        const lateChunks = blocks.findIndex(({ data }) => data === '[DONE]') < blocks.length - 1;
        if (!failed && !lateChunks)
          expect(completionFromStream(Buffer.concat(tapped(pieces, false).out))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});
