// One line an event, without secrets or forged lines, gathered and written now and then.
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CallFailure, QuorumError, Secret } from '../../src/contract/index.ts';
import { createLog, type Log, type LogLevel } from '../../src/telemetry/index.ts';
import { attemptOf, recordOf } from '../store/fixtures.ts';
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts';

let written: string[];
let clock: SimulatedClock;
const logOf = (format: 'json' | 'pretty' = 'json', level: LogLevel = 'info'): Log =>
  createLog({ level, format, clock, write: (text) => written.push(text) });
const lines = (): Record<string, unknown>[] =>
  written
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(() => {
  written = [];
  clock = simulatedClock();
});

describe('log', () => {
  it('says time, level, message and fields, in that order', () => {
    const log = logOf('json', 'debug');
    log.debug('one');
    log.info('two', { port: 4000, nothing: undefined, time: 'mine' });
    log.warn('three', { list: ['a', { b: 1n }], map: new Map([['k', new Date(0)]]) });
    log.flush();
    expect(written).toHaveLength(1);
    expect(written[0]!.split('\n')[1]).toBe(
      '{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"two","port":4000,"field_time":"mine"}',
    );
    expect(lines()[2]).toMatchObject({
      level: 'warn',
      list: ['a', { b: '1' }],
      map: { k: '1970-01-01T00:00:00.000Z' },
    });
  });

  it('leaves out what is below its level, or everything', () => {
    const log = logOf('json', 'warn');
    log.info('no');
    log.request(recordOf('no'));
    log.warn('yes');
    const silent = logOf('json', 'silent');
    silent.error('no');
    silent.request(recordOf('no', { status: 500 }));
    log.flush();
    silent.flush();
    expect(lines().map((line) => line['message'])).toEqual(['yes']);
  });

  it('gathers lines and writes them together after a moment, when there are many, or on an error', async () => {
    const log = logOf();
    log.info('a');
    log.info('b');
    expect(written).toEqual([]);
    await clock.advance(50);
    expect(written).toHaveLength(1);
    for (let index = 0; index < 1_000; index += 1) log.request(recordOf(`r${index}`));
    expect(written.length).toBeGreaterThan(3);
    expect(written.length).toBeLessThan(12);
    log.flush();
    log.info('before');
    log.error('urgent');
    expect(written.at(-1)).toMatch(/before[^]*urgent/);
    expect(lines().filter((line) => line['message'] === 'request')).toHaveLength(1_000);
  });

  it('writes what is left on closing, and later lines at once', () => {
    const log = logOf();
    log.info('a');
    log.close();
    log.info('b');
    expect(lines().map((line) => line['message'])).toEqual(['a', 'b']);
    expect(clock.pending).toBe(0);
  });

  it('survives a closed pipe and values that throw', () => {
    const log = createLog({
      level: 'info',
      format: 'json',
      clock,
      write: () => {
        throw new Error('EPIPE');
      },
    });
    const trap = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    const circle: Record<string, unknown> = {};
    circle['circle'] = circle;
    expect(() => {
      log.info('a', { trap, circle });
      log.error('b', { circle });
      log.close();
    }).not.toThrow();
  });

  it('tells of a request how it went', () => {
    const log = logOf();
    log.request(recordOf('r1', { flags: ['disputed'] }));
    log.request(
      recordOf('r2', { status: 502, errorCode: 'upstream_error', decision: null, models: [], confidence: null }),
    );
    log.close();
    expect(lines()[0]).toMatchObject({
      level: 'info',
      request_id: 'r1',
      status: 200,
      task: 'math',
      flags: ['disputed'],
      cost_usd: 0.000001,
      total_ms: 101,
    });
    expect(lines()[1]).toMatchObject({ level: 'error', request_id: 'r2', status: 502, error: 'upstream_error' });
    expect(lines()[1]).not.toHaveProperty('confidence');
    for (const line of lines()) expect(line).not.toHaveProperty('failed');
  });

  it('tells why calls failed, but not what was wrong with the request', () => {
    const log = logOf();
    const attempts = [
      attemptOf('a', { outcome: 'failed', status: 401, reason: 'house answered 401: access, quota or model there' }),
      attemptOf('b', { outcome: 'timeout', status: null, reason: null }),
      attemptOf('c', { outcome: 'failed', status: 400, reason: 'my diary is no image' }),
      attemptOf('d', { outcome: 'aborted', status: null, reason: 'the call was given up' }),
      attemptOf('e'),
      attemptOf('f', { outcome: 'failed', status: null, firstByteMs: 12, reason: 'my diary was flagged' }),
    ];
    log.request(recordOf('r1', { attempts }));
    log.close();
    expect(lines()[0]).toMatchObject({
      attempts: 6,
      failed: ['a: house answered 401: access, quota or model there', 'b: timeout', 'f: broke off'],
    });
  });
});

describe('what the log keeps to itself', () => {
  const said = (message: string, fields?: Record<string, unknown>, format: 'json' | 'pretty' = 'json'): string => {
    const log = logOf(format);
    log.warn(message, fields);
    log.close();
    return written.join('');
  };

  it.each([
    ['sk-proj-abcDEF123456_xyz', 'Incorrect API key provided: sk-proj-abcDEF123456_xyz.'],
    ['sk-ant-api03-abcdefghij', 'x-api-key sk-ant-api03-abcdefghij refused'],
    ['gsk_abcdefghijklmnop', 'key gsk_abcdefghijklmnop'],
    ['AIzaSyA1234567890abcdefghij', 'https://g/?key=AIzaSyA1234567890abcdefghij'],
    ['abcdef0123456789', 'Authorization: Bearer abcdef0123456789'],
    ['dXNlcjpwYXNz', 'basic dXNlcjpwYXNz'],
    ['eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM', 'token eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM'],
    ['hunter22', 'postgres://quorum:hunter22@db/quorum'],
    ['0aa1-bb2', 'body {"api_key":"0aa1-bb2","n":1}'],
    ['0aa1-bb2', 'upstream said {"error":"{\\"api_key\\":\\"0aa1-bb2\\"}"}'],
    ['0aa1-bb2', 'api-key=0aa1-bb2&n=1'],
    ['0aa1-bb2', "{ password: '0aa1-bb2' }"],
  ])('%s', (secret, text) => {
    for (const format of ['json', 'pretty'] as const) {
      written = [];
      const line = said(
        text,
        { error: new Error(text, { cause: new QuorumError('upstream_error', text) }), nested: { list: [text] } },
        format,
      );
      expect(line).not.toContain(secret);
      expect(line).toContain('***');
    }
  });

  it('hides by field name, Secret, and what it was told to hide', () => {
    const log = logOf();
    log.hide(new Secret('8f14e45f-ceea-467a'));
    log.hide(new Secret('with "quotes" + (regex)'));
    log.warn('key 8f14e45f-ceea-467a', {
      apiKey: 'plain',
      headers: { Authorization: 'plain', 'x-api-key': ['plain'], 'set-cookie': 'plain' },
      provider: { key: new Secret('plain') },
      odd: 'with "quotes" + (regex)',
    });
    log.close();
    expect(written.join('')).not.toMatch(/plain|8f14e45f|quotes/);
    expect(lines()).toHaveLength(1);
  });

  it('never tells prompts, bodies or an error’s own fields', () => {
    const line = said('failed', {
      request: { model: 'auto', messages: [{ role: 'user', content: 'my diary' }], prompt: 'my diary' },
      error: new CallFailure('rejected', 'no', { body: Buffer.from('my diary'), status: 400 }),
      bytes: Buffer.from('my diary'),
    });
    expect(line).not.toContain('diary');
    expect(line).toContain('"model":"auto"');
    expect(line).toContain('"status":400');
  });

  it('leaves alone what only resembles a secret', () => {
    const text =
      'task-based routing, disk-usage 5, max_tokens: 4096, a bearer of news, keys: 3, http://127.0.0.1:4000/v1?page=2';
    expect(said(text, { max_tokens: 5, tokens: 7, key_count: 1 })).toContain(
      `"message":"${text}","max_tokens":5,"tokens":7,"key_count":1}`,
    );
  });

  it('bounds what one line can hold', () => {
    const line = said('x'.repeat(5), { long: 'y'.repeat(1_000_000), many: Array.from({ length: 10_000 }, () => 'z') });
    expect(line.length).toBeLessThan(3_000);
    const wide = Array.from({ length: 50 }, () => 'w'.repeat(1_000));
    written = [];
    expect(said('wide', { wide, wider: [wide, wide], ['n'.repeat(5_000)]: 1 }).length).toBeLessThan(20_000);
    written = [];
    expect(said('m'.repeat(100_000)).length).toBeLessThan(3_000);
    expect(said('spaces', { text: `bearer${' '.repeat(1_900)}x`.repeat(3) }).length).toBeLessThan(30_000);
  });

  it('no text forges a line or steers a terminal, in either format', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\n', '\r', '\u001b', '\u009b', '\u2028', '\u202e', '\u0000', '"', '\\', 'a', ' ', '='),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 30,
    });
    fc.assert(
      fc.property(nasty, nasty, fc.constantFrom('json', 'pretty'), (message, value, format) => {
        written = [];
        const line = said(message, { value, nested: [value], [value]: 1 }, format);
        // oxlint-disable-next-line no-control-regex
        expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
        if (format === 'json') expect(lines()).toHaveLength(1);
      }),
      { numRuns: 150 },
    );
  });

  it('for people: an error’s stack stands indented below its line', () => {
    const error = new Error('went wrong\n2026-01-01 forged line', { cause: new Error('deep down') });
    const [head, ...rest] = said('oops', { error, task: 'math', say: 'two words' }, 'pretty').trimEnd().split('\n');
    expect(head).toBe(
      '00:00:00.000 warn  oops error="Error: went wrong\\n2026-01-01 forged line" task=math say="two words"',
    );
    expect(rest.join('\n')).toContain('Error: deep down');
    expect(rest.every((line) => line.startsWith('    '))).toBe(true);
  });
});
