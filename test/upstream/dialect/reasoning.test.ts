// Providers that call their reasoning otherwise: clients find it as `reasoning_content`, and all else as it was written.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { dialectOf, type Translator } from '../../../src/upstream/dialect/index.ts';
import { modelOf, NOW } from './fixture.ts';

const { provider } = modelOf({ model: 'ollama/qwen3' });
const dialect = dialectOf(provider);
const circumstances = { model: 'qwen3', now: NOW };
const translator = (): Translator => dialect.translate!(circumstances);
const told = (...chunks: readonly Uint8Array[]): string => {
  const open = translator();
  const parts = [...chunks.map((chunk) => open.push(chunk)), open.end()];
  return Buffer.concat(parts.filter((part) => part !== null)).toString();
};

const file = (name: string): Buffer => readFileSync(`test/upstream/fixtures/compatible/${name}`);

test.each(['ollama-thinking', 'vllm-thinking'])('Π17: %s says the same however it is cut', (name) => {
  const bytes = file(`${name}.sse`);
  const wanted = file(`${name}.told.sse`).toString();
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, nth) => bytes.subarray(at[nth], end));
      expect(told(...chunks)).toBe(wanted);
    }),
  );
});

const event = (delta: string): string => `data: {"choices":[{"index":0,"delta":${delta}}]}\n\n`;

it.each([
  ['of its own name already', '{"reasoning_content":"a","reasoning":"a"}'],
  ['null', '{"content":"x","reasoning":null}'],
  ['an object', '{"reasoning":{"effort":"low"}}'],
  ['a value, no key', '{"type":"reasoning","text":"x"}'],
  ['in a text', JSON.stringify({ content: '{"reasoning":"no"}' })],
  ['in arguments', JSON.stringify({ tool_calls: [{ index: 0, function: { arguments: '{"reasoning": "no"}' } }] })],
  ['cut off', '{"reasoning":"x'],
])('stays as it is: %s', (_, delta) => expect(told(Buffer.from(event(delta)))).toBe(event(delta)));

it('comes through with every character, several choices and spaces in between', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (first, second) => {
      const choice = (index: number, reasoning: string): object => ({ index, delta: { content: '', reasoning } });
      const json = JSON.stringify({ choices: [choice(0, first), choice(1, second)] }, null, 1).replaceAll('\n', ' ');
      const data = told(Buffer.from(`data: ${json}\n\n`)).slice(6);
      const { choices } = JSON.parse(data) as { choices: { delta: object }[] };
      expect(choices.map(({ delta }) => delta)).toEqual([
        { content: '', reasoning: first, reasoning_content: first },
        { content: '', reasoning: second, reasoning_content: second },
      ]);
    }),
  );
});

it('a whole answer too', () => {
  const message = { role: 'assistant', content: '2', reasoning: 'One and "one".' };
  const body = JSON.stringify({ id: 'c', object: 'chat.completion', choices: [{ index: 0, message }] });
  const { bytes, completion } = dialect.readWhole(Buffer.from(body), circumstances);
  expect(JSON.parse(bytes.toString())).toMatchObject({ choices: [{ message }] });
  expect(completion.choices[0]!.message.reasoning_content).toBe(message.reasoning);
  expect(JSON.parse(bytes.toString())).toEqual(
    expect.objectContaining({
      choices: [{ index: 0, message: { ...message, reasoning_content: message.reasoning } }],
    }),
  );
});

it('where the catalog says nothing of it, bytes pass untouched', () =>
  expect(dialectOf(modelOf({ model: 'deepseek-v4-pro' }).provider).translate).toBeNull());
