// Guessed and bounded token counts against a real tokenizer.
import * as fc from 'fast-check';
import { encode as encodeOld } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { estimateText, estimateTokens, upperBoundTokens } from '../../src/accounts/estimate.ts';
import type { ChatRequest } from '../../src/contract/index.ts';

const SAMPLES: Readonly<Record<string, string>> = {
  english:
    'The committee met on Thursday to discuss whether the proposed changes to the housing regulations would affect small landlords, and most members agreed that further consultation was needed before a vote.',
  chinese: '委员会周四开会讨论了拟议的住房法规修改是否会影响小房东，大多数成员同意在投票前需要进一步协商。',
  spanish:
    'El comité se reunió el jueves para debatir si los cambios propuestos en la normativa de vivienda afectarían a los pequeños propietarios.',
  german:
    'Der Ausschuss trat am Donnerstag zusammen, um zu erörtern, ob die vorgeschlagenen Änderungen der Wohnungsvorschriften kleine Vermieter betreffen würden.',
  french:
    "Le comité s'est réuni jeudi pour déterminer si les modifications proposées à la réglementation du logement toucheraient les petits propriétaires.",
  japanese: '委員会は木曜日に会合を開き、住宅規制の変更案が小規模な家主に影響するかどうかを議論した。',
  korean: '위원회는 목요일에 모여 제안된 주택 규정 변경이 소규모 집주인에게 영향을 미칠지 논의했다.',
  russian: 'Комитет собрался в четверг, чтобы обсудить, затронут ли предлагаемые изменения мелких арендодателей.',
  code: 'export function addText(text: string): void {\n  if (text.length === 0) return;\n  for (let i = 0; i < text.length; i += 1) {\n    sum += unit(text.charCodeAt(i));\n  }\n}\n',
  json: '{"invoice":"A-1029","total":129.5,"lines":[{"sku":"X1","qty":3,"price":12.25},{"sku":"ZZ","qty":1}]}',
};

const ask = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'auto',
  messages: [{ role: 'user', content }],
  ...more,
});

describe('estimateTokens', () => {
  it.each(Object.entries(SAMPLES))('is within 25 %% below and 50 %% above for %s', (_, text) => {
    const ratio = estimateText(text) / encode(text).length;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.5);
  });

  it('grows with the text, up to megabytes', () => {
    const long = SAMPLES['english']!.repeat(5_000);
    const ratio = estimateTokens(ask(long)) / (5_000 * encode(SAMPLES['english']!).length);
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.5);
  });

  it('counts messages, tools, images and sound', () => {
    const plain = estimateTokens(ask('hello'));
    const tools = [
      {
        type: 'function',
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ];
    expect(estimateTokens(ask('hello', { tools }))).toBeGreaterThan(plain + 10);
    const parts = [
      { type: 'text', text: 'hello' },
      { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
    ];
    expect(estimateTokens({ model: 'auto', messages: [{ role: 'user', content: parts }] })).toBeGreaterThan(
      plain + 500,
    );
    expect(
      estimateTokens({ model: 'auto', messages: Array.from({ length: 10 }, () => ({ role: 'user', content: '' })) }),
    ).toBeGreaterThanOrEqual(40);
  });
});

describe('upperBoundTokens', () => {
  it('Π14 is never below what a byte-level tokenizer counts, wrapping included', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.constantFrom(...Object.values(SAMPLES)),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const request = { model: 'auto', messages: texts.map((content) => ({ role: 'user', content })) };
        const bytes = Buffer.byteLength(JSON.stringify(request));
        for (const count of [encode, encodeOld]) {
          const tokens = texts.reduce((sum, content) => sum + count(content).length + 4, 3);
          expect(upperBoundTokens(bytes)).toBeGreaterThanOrEqual(tokens);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('adds a bound of its own for images, whose bytes say nothing', () => {
    expect(upperBoundTokens(100, 2)).toBeGreaterThan(2_000);
    expect(upperBoundTokens(-1)).toBeGreaterThan(0);
  });
});
