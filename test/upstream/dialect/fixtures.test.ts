// Each provider's dialect against exchanges written after its documentation: what goes out, what comes back, in any cuts.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf } from '../../../src/accounts/index.ts';
import type { ChatRequest } from '../../../src/contract/index.ts';
import { dialectOf } from '../../../src/upstream/dialect/index.ts';
import { faultOf } from '../../../src/upstream/status.ts';
import { completionFromStream, createStreamTap } from '../../../src/wire/index.ts';
import { bytesOf, fixtures, modelOf, NOW, readWhole, translated } from './fixture.ts';

const having = (field: 'sends' | 'answers' | 'stream' | 'failures'): typeof fixtures =>
  fixtures.filter((fixture) => fixture[field] !== undefined);

it('each names the page it was written after', () => {
  for (const { name, source } of fixtures) expect(source, name).toMatch(/^https:\/\//);
  expect(fixtures.length).toBeGreaterThan(25);
});

describe('what is sent', () => {
  it.each(having('sends'))('$name', (fixture) => {
    const { model, provider } = modelOf(fixture);
    const { shape } = dialectOf(provider).route(provider, model);
    const request = { model: model.name, ...fixture.request } as unknown as ChatRequest;
    const before = structuredClone(request);
    expect(JSON.parse(shape(request, false))).toEqual(fixture.sends);
    expect(request).toEqual(before);
    const streamed = JSON.parse(shape({ ...request, stream: true }, true)) as unknown;
    expect(streamed).toEqual({ ...fixture.sends, ...(provider.type === 'anthropic' && { stream: true }) });
  });
});

describe('a whole answer', () => {
  it.each(having('answers'))('$name', (fixture) => {
    const { completion, bytes } = readWhole(fixture, fixture.answers);
    expect(completion).toMatchObject(fixture.gives!);
    expect(JSON.parse(bytes.toString())).toEqual(completion);
    if (fixture.costs !== undefined)
      expect(costOf(modelOf(fixture).model.price!, completion.usage!)).toBe(Math.round(fixture.costs * 1e9));
  });
});

describe('a stream', () => {
  const streams = having('stream');

  it.each(streams)('$name', (fixture) => {
    const out = translated(fixture, bytesOf(fixture.stream!));
    const tap = createStreamTap({ hideUsage: false });
    tap.push(out);
    const { complete, error, usage } = tap.end();
    if (fixture.error !== undefined) expect(error).toMatchObject(fixture.error);
    else {
      expect(error).toBe(null);
      expect(complete).toBe(true);
      expect(usage).not.toBe(null);
      expect(out.toString().endsWith('data: [DONE]\n\n')).toBe(true);
      expect(completionFromStream(out)).toMatchObject(fixture.gives!);
    }
  });

  it.each(streams)('Π17 $name says the same however its bytes are cut', (fixture) => {
    const bytes = bytesOf(fixture.stream!);
    const whole = translated(fixture, bytes).toString();
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
        expect(translated(fixture, bytes, cuts).toString()).toBe(whole);
      }),
      { numRuns: 150 },
    );
    const everyByte = Array.from(bytes, (_, at) => at + 1);
    expect(translated(fixture, bytes, everyByte).toString()).toBe(whole);
  });

  it.each(streams)('$name says the same when its last event ends without a blank line', (fixture) => {
    const bytes = bytesOf(fixture.stream!);
    const shorter = Buffer.from(bytes.toString().trimEnd());
    expect(translated(fixture, shorter).toString()).toBe(translated(fixture, bytes).toString());
  });

  it.each(streams)('Π17 $name says the same with other line ends, comments and a byte order mark', (fixture) => {
    const text = bytesOf(fixture.stream!).toString().replaceAll('\r\n', '\n');
    const whole = translated(fixture, Buffer.from(text)).toString();
    for (const lineEnd of ['\n', '\r\n', '\r']) {
      const other = `\ufeff${text.replaceAll('\n\n', '\n: hm\n\n\n').replaceAll('\n', lineEnd)}`;
      expect(translated(fixture, Buffer.from(other)).toString()).toBe(whole);
    }
  });

  it.each(streams.filter(({ error }) => error === undefined))('$name cut off anywhere is never complete', (fixture) => {
    const bytes = bytesOf(fixture.stream!);
    const last = fixture.model.startsWith('claude') ? 'event: message_delta' : 'data: ';
    const end = bytes.lastIndexOf(last);
    fc.assert(
      fc.property(fc.nat(end), (cut) => {
        const tap = createStreamTap({ hideUsage: false });
        tap.push(translated(fixture, bytes.subarray(0, cut)));
        expect(tap.end().complete).toBe(false);
      }),
    );
  });
});

describe('errors', () => {
  const failures = having('failures').flatMap((fixture) =>
    fixture.failures!.map((failure, at) => ({
      label: `${fixture.name} ${at}: ${failure.status} ${failure.kind}`,
      fixture,
      failure,
    })),
  );

  it.each(failures)('$label', ({ fixture, failure }) => {
    const { provider } = modelOf(fixture);
    const speaker = { provider, dialect: dialectOf(provider) };
    const body = Buffer.from(JSON.stringify(failure.body));
    const fault = faultOf(speaker, { status: failure.status, headers: failure.headers ?? {}, body, now: NOW });
    expect(fault).toMatchObject({ kind: failure.kind, detail: { status: failure.becomes ?? failure.status } });
    expect(fault.detail.retryAfterMs ?? undefined).toBe(failure.retryAfterMs);
    const told = fault.detail.body;
    if (failure.told !== undefined) expect(JSON.parse(Buffer.from(told!).toString())).toEqual(failure.told);
    if (failure.kind === 'refused') expect(told).toBe(null);
  });
});
