// The tap's habits one by one; that cuts never matter is in stream-laws.test.ts.
import { describe, expect, it } from 'vitest';
import { createStreamTap, sseData, type TapEnd } from '../../src/wire/index.ts';

function event(value: unknown): Buffer {
  return Buffer.from(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
}

function chunk(more: Record<string, unknown> = {}, finish_reason: string | null = null): Record<string, unknown> {
  return { id: 'c', model: 'gpt-x', choices: [{ index: 0, delta: { content: 'hi' }, finish_reason }], ...more };
}

const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const opening = event(chunk());

function told(...parts: readonly (string | Uint8Array)[]): TapEnd & { out: string } {
  const tap = createStreamTap({ hideUsage: false });
  const out = parts.map((part) => tap.push(Buffer.from(part as string)) ?? new Uint8Array());
  return { ...tap.end(), out: Buffer.concat(out).toString() };
}

describe('createStreamTap', () => {
  it.each([
    ['a plain chunk', event(chunk())],
    ['usage null in every chunk', event(chunk({ usage: null }))],
    [
      'usage null, spaced as Python writes it',
      Buffer.from('data: {"choices": [{"delta": {}, "finish_reason": null}], "usage": null}\n\n'),
    ],
    ['an empty finish_reason', event(chunk({}, ''))],
    [
      'the words themselves as content',
      event({
        choices: [
          { delta: { content: 'usage' } },
          { delta: { content: '"usage":{}' } },
          { delta: { content: 'finish_reason' } },
        ],
      }),
    ],
    ['CRLF', Buffer.from('data: {"choices":[]}\r\n\r\n')],
    ['several events and a comment', Buffer.concat([opening, Buffer.from(': ping\n\n'), opening])],
  ])('passes on the same object for %s', (_name, bytes) => {
    const tap = createStreamTap({ hideUsage: true });
    tap.push(opening);
    expect(tap.push(bytes)).toBe(bytes);
  });

  it('drops the usage-only chunk when hidden, and only that', () => {
    const alone = event({ id: 'c', model: 'm', choices: [], usage });
    const filters = event({ id: '', model: '', choices: [], prompt_filter_results: [{}] });
    const shared = event(chunk({ usage }, 'stop'));
    for (const hideUsage of [true, false]) {
      const tap = createStreamTap({ hideUsage });
      expect(tap.push(filters)).toBe(filters);
      expect(tap.push(shared)).toBe(shared);
      expect(tap.push(alone)).toEqual(hideUsage ? null : alone);
      expect(tap.push(Buffer.concat([opening, alone, opening]))).toEqual(
        Buffer.concat(hideUsage ? [opening, opening] : [opening, alone, opening]),
      );
      expect(tap.end()).toMatchObject({ usage, finishReason: 'stop', complete: true });
    }
  });

  it('never forwards [DONE] nor what follows it, but still reads usage there', () => {
    const end = told(opening, 'data: [DONE]\n\n: bye\n\n', event({ choices: [], usage }), opening);
    expect(end.out).toBe(opening.toString());
    expect(end).toMatchObject({ complete: true, finishReason: null, usage });
    expect(told(opening, event(chunk({ choices: [{ delta: { content: '[DONE]' } }] }))).complete).toBe(false);
  });

  it.each([
    [
      "OpenAI's",
      { error: { message: 'Overloaded', type: 'server_error', code: 'x' } },
      { message: 'Overloaded', type: 'server_error', code: 'x' },
    ],
    [
      'one with a numeric code',
      { error: { message: 'Slow down', code: 429 } },
      { message: 'Slow down', type: null, code: '429' },
    ],
    [
      "vLLM's",
      { object: 'error', message: 'bad', type: 'BadRequest', code: 400 },
      { message: 'bad', type: 'BadRequest', code: '400' },
    ],
    ['a bare text', { error: 'oops' }, { message: 'oops', type: null, code: null }],
    ['one without a message', { error: { detail: 1 } }, { message: '{"detail":1}', type: null, code: null }],
    [
      "OpenRouter's, inside of a chunk",
      { ...chunk({ error: { message: 'gone', code: 502 } }, 'error') },
      { message: 'gone', type: null, code: '502' },
    ],
    [
      "a choice's own",
      { choices: [{ index: 0, delta: {}, finish_reason: 'error', error: { message: 'gone' } }] },
      { message: 'gone', type: null, code: null },
    ],
    ['a choice that ends in one without words', chunk({}, 'error'), { message: 'the model broke off' }],
  ])('withholds and reports an error: %s', (_name, value, error) => {
    const end = told(opening, event(value), 'data: [DONE]\n\n');
    expect(end.out).toBe(opening.toString());
    expect(end).toMatchObject({ error, complete: false });
  });

  it('is not alarmed by the absence of an error', () => {
    expect(told(event(chunk({ error: null }, 'stop')))).toMatchObject({ error: null, complete: true });
  });

  it('finds usage where providers put it, and makes up a missing total', () => {
    expect(told(event(chunk({ x_groq: { usage } }))).usage).toEqual(usage);
    expect(told(event({ choices: [{ delta: {}, finish_reason: 'stop', usage }] })).usage).toEqual(usage);
    expect(told(event({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 1 } })).usage?.total_tokens).toBe(3);
    expect(told(event({ choices: [], usage: { prompt_tokens: -2, completion_tokens: 'x' } })).usage).toBeNull();
    const details = { ...usage, prompt_tokens_details: { cached_tokens: 1 } };
    expect(told(event(chunk({ usage })), event(chunk({ usage: details }))).usage).toEqual(details);
  });

  it('learns the name of the model, also when the first chunk has none', () => {
    expect(
      told(': hi\n\n', event({ model: '', choices: [] }), event(chunk({ model: 'gpt-4o-2024' })), event(chunk())).model,
    ).toBe('gpt-4o-2024');
    expect(told(event({ choices: [] })).model).toBeNull();
  });

  it('holds half an event back and forgets it, and does not call that complete', () => {
    const end = told(opening, 'data: {"choices":[{"finish_rea');
    expect(end.out).toBe(opening.toString());
    expect(end).toMatchObject({ complete: false, tail: null, bytes: opening.length + 30 });
  });

  it('takes a last event that lacks only its blank line, and an error that lacks even data:', () => {
    const last = `data: ${JSON.stringify(chunk({ usage }, 'stop'))}`;
    const end = told(opening, last);
    expect(Buffer.from(end.tail!).toString()).toBe(`${last}\n\n`);
    expect(end).toMatchObject({ complete: true, finishReason: 'stop', usage });
    expect(told(opening, 'data: [DONE]')).toMatchObject({ complete: true, tail: null });
    expect(told('{"error":{"message":"bare"}}')).toMatchObject({
      error: { message: 'bare' },
      complete: false,
      tail: null,
    });
  });

  it('passes a huge event on whole, in one piece or many, and throws beyond 16 MiB of half an event', () => {
    const huge = event(chunk({ content: 'x'.repeat(8_000_000) }, 'stop'));
    const tap = createStreamTap({ hideUsage: false });
    let out = 0;
    for (let at = 0; at < huge.length; at += 65_536) out += tap.push(huge.subarray(at, at + 65_536))?.length ?? 0;
    expect([out, tap.end().finishReason]).toEqual([huge.length, 'stop']);
    const endless = createStreamTap({ hideUsage: false });
    const part = Buffer.alloc(1_048_576, 'x');
    for (let count = 0; count < 16; count++) expect(endless.push(part)).toBeNull();
    expect(() => endless.push(part)).toThrow('longer than 16777216 bytes');
  });

  it('tells the same when it is asked again', () => {
    const tap = createStreamTap({ hideUsage: false });
    tap.push(Buffer.from(`data: ${JSON.stringify(chunk({ usage }, 'stop'))}`));
    expect(tap.end()).toBe(tap.end());
    expect(tap.end()).toMatchObject({ complete: true, usage, tail: expect.any(Uint8Array) as Uint8Array });
  });

  it('guesses the tokens of what came: a piece is one, a long piece as many as its bytes make', () => {
    const tokensOf = (...deltas: readonly object[]): number => {
      const tap = createStreamTap({ hideUsage: true });
      for (const delta of deltas) tap.push(sseData({ choices: [{ index: 0, delta }] }));
      return tap.end().outputTokens;
    };
    expect(tokensOf({ role: 'assistant', content: '' }, { content: 'a' }, { reasoning_content: 'b' })).toBe(2);
    expect(tokensOf({ tool_calls: [{ function: { name: 'f', arguments: '{"city":"Ulm"}' } }] })).toBe(4);
    expect(tokensOf({ content: '春眠不覺曉' })).toBe(4);
  });

  it('reads an event no less for being like those before it', () => {
    const [hi, and, unlike] = ['hi', 'and', 'a "b"'].map((content) =>
      event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    ) as [Buffer, Buffer, Buffer];
    expect(told(hi, and, unlike, and)).toMatchObject({
      outputTokens: 4,
      complete: false,
      out: Buffer.concat([hi, and, unlike, and]).toString(),
    });
    expect(told(hi, and, Buffer.concat([and, and]))).toMatchObject({ outputTokens: 4 });
    expect(told(hi, event('[DONE]'), and)).toMatchObject({ complete: true, out: String(hi) });
    const control = Buffer.from(String(hi).replace('hi', 'h\u0001i'));
    const cut = Buffer.from(String(hi).replace('hi', 'h","x'));
    for (const damaged of [control, cut])
      expect(told(hi, damaged, and, event('[DONE]'))).toMatchObject({ complete: false, out: String(hi) });
  });

  it('says nothing of an empty stream', () => {
    expect(told()).toEqual({
      complete: false,
      usage: null,
      outputTokens: 0,
      said: false,
      finishReason: null,
      model: null,
      error: null,
      bytes: 0,
      tail: null,
      out: '',
    });
  });
});
