// Answers made to hurt: what they cost is bounded. Each of these would hang, overflow the stack or spoil a prototype if it weren't.
import { describe, expect, it } from 'vitest';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, schema, texts, tool } from './panel.ts';

const merger = createMerger();
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

describe('hostile answers', () => {
  it.each([
    ['a number of 20 MB', '9'.repeat(20_000_000)],
    ['a number of 20 MB in an object', `{"a": ${'9'.repeat(20_000_000)}}`],
    ['lists 200,000 deep', nested(200_000, '[', ']')],
    ['objects 100,000 deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['brackets that never close', '{['.repeat(500_000)],
    ['fences that never close', '```json\n'.repeat(100_000)],
    ['backticks', '`'.repeat(300_000)],
    ['a fence whose line never ends', `\`\`\`${'a'.repeat(300_000)}`],
    ['fences in the middle of a line that never ends', 'x' + '``` '.repeat(100_000)],
    ['boxes that never close', '\\boxed{'.repeat(200_000)],
    ['answers that never come', 'the answer is '.repeat(100_000)],
    ['quotes', `{"a": "${'\\'.repeat(300_000)}`],
    ['thinking that never ends', '<think>'.repeat(100_000)],
    ['hashes as code', `\`\`\`js\n${'#'.repeat(90_000)}\n\`\`\``],
    ['spaces', `a${' '.repeat(1_000_000)}b`],
    ['commas and digits', '1,'.repeat(200_000)],
    ['bold', '**a'.repeat(200_000)],
    ['white lines', '\n \t'.repeat(200_000)],
  ])('%s', (_, text) => {
    const merged = merger.merge(
      [...texts(text, `${text} `, 'yes'), candidate({ text })],
      context({ prompt: 'Is it?\nA. yes\nB. no' }),
    );
    expect(merged.base.model).toBeDefined();
    expect(JSON.stringify({ ...merged, base: null, message: null }).length).toBeLessThan(200_000);
  });

  it('a list of a million items beside short ones', () => {
    const long = `[${'{"id":1},'.repeat(200_000)}{"id":2}]`;
    expect(merger.merge(texts(long, '[{"id":1}]', long.replace('2}', '3}')), context()).kind).toBe('json');
  });

  it('30,000 items with one and the same key, all different', () => {
    const list = (from: number) =>
      JSON.stringify(Array.from({ length: 30_000 }, (_, at) => ({ id: 'x', n: from + at * 3 })));
    const merged = merger.merge(texts(list(0), list(1), list(2)), context({ rules: { listKeys: { '*': ['id'] } } }));
    expect(merged.kind).toBe('json');
  });

  it('100,000 fields, each list with its own', () => {
    const wide = (name: string) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${name}${at}`, at])));
    expect(merger.merge(texts(wide('a'), wide('b'), wide('c')), context()).provenance.length).toBeLessThan(1_000);
  });

  it('keys named after prototypes stay data', () => {
    const said = (n: number) =>
      `{"__proto__": {"polluted": ${n}}, "constructor": {"prototype": {"polluted": 1}}, "n": ${n}, "toString": 1}`;
    const merged = merger.merge(
      texts(said(1), said(2), said(1)),
      context({ request: schema({ type: 'object', properties: { n: { type: 'integer' } } }) }),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((merged.message ?? merged.base.message).content).toContain('"__proto__"');
    const tools = tool('__proto__', { constructor: { type: 'string' } })!;
    const called = candidate({ calls: [['__proto__', '{"__proto__": {"x": 1}, "constructor": "y"}']] });
    expect(merger.merge([called, candidate({ calls: [['toString', {}]] })], context({ request: { tools } })).base).toBe(
      called,
    );
  });

  it.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(.*a){20}',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(?=(a+))\\1+$',
    'a*a*a*a*a*a*b',
  ])('the pattern %s', (pattern) => {
    const text = JSON.stringify({ a: `${'a'.repeat(1_500)}!` });
    const body = { type: 'object', properties: { a: { type: 'string', pattern } } };
    const validators = [{ kind: 'pattern' as const, field: 'a', pattern: new RegExp(pattern) }];
    expect(
      merger.judge(candidate({ text }), context({ request: schema(body), validators })).factor,
    ).toBeLessThanOrEqual(1);
  });

  it('patterns that are fine are kept to', () => {
    const check = (pattern: string, a: string) =>
      merger.judge(
        candidate({ text: JSON.stringify({ a }) }),
        context({ request: schema({ type: 'object', properties: { a: { pattern } } }) }),
      ).acceptable;
    expect(check('^(?:[a-z]+-)+[0-9]{2,4}$', 'ab-cd-123')).toBe(true);
    expect(check('^(?:[a-z]+-)+[0-9]{2,4}$', 'ab-cd-12345')).toBe(false);
    expect(check('^[^@]+@([a-z]+\\.)+[a-z]{2,}$', 'x@mail.example.org')).toBe(true);
    expect(check('^[^@]+@([a-z]+\\.)+[a-z]{2,}$', 'x@mail')).toBe(false);
    expect(check('^(red|green)(, (red|green))*$', 'red, green, red')).toBe(true);
    expect(check('^(red|green)(, (red|green))*$', 'red, blue')).toBe(false);
  });

  it('a schema that is huge or deep', () => {
    let deep: Record<string, unknown> = { type: 'object' };
    for (let at = 0; at < 20_000; at++) deep = { type: 'object', properties: { a: deep } };
    expect(merger.judge(candidate({ text: '{"a": {}}' }), context({ request: schema(deep) })).acceptable).toBe(true);
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`f${at}`, { type: 'string' }])),
    };
    expect(merger.judge(candidate({ text: '{"a": {}}' }), context({ request: schema(wide) })).acceptable).toBe(true);
  });

  it('malformed messages', () => {
    const odd = candidate({ text: 'yes' });
    const message = {
      role: 'assistant',
      content: [{ type: 'text', text: 'yes' }, null, 7],
      tool_calls: [null, { function: null }, { id: 3, function: { name: 4, arguments: {} } }],
    } as unknown as typeof odd.message;
    const broken = { ...odd, message, model: 'broken' };
    expect(merger.merge([broken, odd, { ...odd, model: 'c' }], context()).models).toContain('c');
    expect(
      merger.merge(
        [
          { ...odd, weight: Number.NaN },
          { ...odd, weight: -1 },
          { ...odd, weight: Infinity },
        ],
        context(),
      ).agreement,
    ).toBe(1);
  });
});
