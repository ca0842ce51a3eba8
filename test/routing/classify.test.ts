// Which task a prompt is: in six languages, however it is formatted, and in bounded time whatever it is.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest, Classification } from '../../src/contract/index.ts';
import { classify, compileTasks, featuresOf } from '../../src/routing/index.ts';
import { catalogTasks } from '../support/catalog-tasks.ts';
import { testSettings, testTask } from '../support/settings.ts';
import { user } from './asking.ts';
import { PROMPTS } from './prompts.ts';
import { EVERYDAY, TELLING, UNSEEN, WIDER } from './wider-prompts.ts';

const ROUTING = testSettings().routing;
const CATALOG = compileTasks(catalogTasks());
const of = (request: ChatRequest, classifier = CATALOG, task: string | null = null): Classification =>
  classify(classifier, featuresOf(request), { task }, ROUTING);
const taskOf = (prompt: string, more: Partial<ChatRequest> = {}): string => of(user(prompt, more)).task;
const ALL = Object.values(PROMPTS).flat();

describe('classify', () => {
  it.each(Object.entries(PROMPTS))('knows what prompts in %s are', (_, prompts) => {
    const wrong = prompts.filter(([task, prompt]) => taskOf(prompt) !== task);
    expect(wrong.length, JSON.stringify(wrong)).toBeLessThanOrEqual(prompts.length * 0.16);
  });

  it.each(Object.entries(WIDER))('knows %s, however it is asked for', (task, prompts) => {
    const wrong = prompts.filter((prompt) => taskOf(prompt) !== task);
    expect(wrong.length, JSON.stringify(wrong)).toBeLessThanOrEqual(prompts.length * 0.16);
  });

  it('knows most of what no word was chosen for', () => {
    const unseen = Object.entries(UNSEEN).flatMap(([task, prompts]) =>
      prompts.map((prompt) => [task, prompt] as const),
    );
    const wrong = unseen.filter(([task, prompt]) => taskOf(prompt) !== task);
    expect(wrong.length, JSON.stringify(wrong)).toBeLessThanOrEqual(7);
  });

  it('leaves questions of every day alone, whatever words are in them', () => {
    for (const prompt of EVERYDAY) expect(taskOf(prompt), prompt).toBe('simple_query');
    for (const [task, prompts] of Object.entries(TELLING))
      for (const prompt of prompts) expect(taskOf(prompt), prompt).toBe(task);
  });

  it('takes numbers, dates and telephone numbers in a text for no sum', () => {
    for (const prompt of [
      'Extract the dates: 12/03/2024, 2024-05-01 and 3-4 June.',
      'Pull out the phone numbers: 555-1234, 0171/2345678.',
    ])
      expect(taskOf(prompt), prompt).toBe('extraction');
    for (const prompt of ['17-9', 'What is 84/4?', '3 / 4 + 2 / 5 = ?', '12*34+56'])
      expect(taskOf(prompt), prompt).toBe('math');
  });

  it('understands what is short by what was asked before it, and what isn’t by itself', () => {
    const dialogue = (before: string, last: string): string =>
      of({
        model: 'auto',
        messages: [
          { role: 'user', content: before },
          { role: 'assistant', content: 'Here it is.' },
          { role: 'user', content: last },
        ],
      }).task;
    expect(dialogue('Write a short poem about the winter sea', 'make it longer')).toBe('creative');
    expect(dialogue('Write a function that parses CSV in Rust', 'now handle quoted fields')).toBe('code');
    expect(dialogue('Solve the equation 3x + 7 = 22', 'and with 9 instead?')).toBe('math');
    expect(dialogue('Write a function that parses CSV in Rust', 'what about empty lines?')).toBe('code');
    for (const [before, last] of [
      ['Write a function that parses CSV in Rust', 'thanks!'],
      ['Is it safe to take ibuprofen with warfarin? My doctor is away.', 'thank you'],
      ['Fix this Python bug: TypeError in line 3', 'Where is Lisbon?'],
    ] as const)
      expect(dialogue(before, last), last).toBe('simple_query');
    expect(dialogue('Write a short poem about the winter sea', 'Thanks! Who is the president of Finland?')).toBe(
      'simple_query',
    );
    expect(
      dialogue(
        'Translate to German: The house is big.',
        'Summarise the key points of the meeting notes in five bullets.',
      ),
    ).toBe('summarisation');
  });

  it('gives every task a score; they sum to 1, highest first', () => {
    for (const [, prompt] of ALL) {
      const { scores, confidence } = of(user(prompt));
      expect(scores).toHaveLength(CATALOG.tasks.length);
      expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
      expect(scores.map(({ score }) => score)).toEqual(scores.map(({ score }) => score).toSorted((a, b) => b - a));
      expect(confidence).toBe(scores[0]!.score);
    }
  });

  it('is the same for the same prompt, whatever was asked in between', () => {
    const first = ALL.map(([, prompt]) => of(user(prompt)));
    expect(ALL.toReversed().map(([, prompt]) => of(user(prompt)))).toEqual(first.toReversed());
  });

  it('takes the caller’s word for the task, and refuses one that nobody configured', () => {
    expect(of(user('Solve 3x = 9'), CATALOG, 'creative')).toMatchObject({
      task: 'creative',
      confidence: 1,
      source: 'caller',
    });
    expect(() => of(user('x'), CATALOG, 'creativ')).toThrow(/no task "creativ".*"creative"/);
  });

  it('falls back when nothing is clear', () => {
    expect(
      of(user('Hmm, the other one then, blue, as before, with the long sleeves rather than anything from Tuesday')),
    ).toMatchObject({
      task: 'simple_query',
      source: 'fallback',
    });
    expect(of(user(''))).toMatchObject({ task: 'simple_query' });
    expect(classify(compileTasks(new Map()), featuresOf(user('x')), { task: null }, ROUTING)).toMatchObject({
      source: 'fallback',
      scores: [],
    });
  });

  it('reads the form of the request: tools, images, schema, code', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const image = [
      { type: 'text', text: 'And this one?' },
      { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
    ];
    expect(taskOf('Lisbon tomorrow, please', { tools })).toBe('tool_use');
    expect(taskOf('Lisbon tomorrow, please', { tools, tool_choice: 'none' })).not.toBe('tool_use');
    expect(of({ model: 'auto', messages: [{ role: 'user', content: image }] }).task).toBe('vision');
    expect(taskOf('ACME Ltd, 3 May, 120.50, thanks', { response_format: { type: 'json_schema' } })).toBe('extraction');
    expect(taskOf('and now?\n```\nfor (;;) { a[i++] = b(i); }\n```')).toBe('code');
    expect(taskOf('what do you see in the picture?')).not.toBe('vision');
  });

  it('lets the instruction outweigh the material that follows it', () => {
    const opening = 'It rained on Monday and the shop near the old harbour stayed shut. '.repeat(4);
    const middle =
      'The function returns a matrix; its integral solves the equation. The poem about a plan was translated. ';
    const material = opening + middle.repeat(60) + opening;
    expect(taskOf(`Summarize the following text in three sentences.\n\n${material}`)).toBe('summarisation');
    expect(taskOf(`${material}\n\nTranslate all of the above into Spanish please.`)).toBe('translation');
  });

  it('listens to the system prompt, but to the user more', () => {
    const asked = (content: string): string =>
      of({
        model: 'auto',
        messages: [
          { role: 'system', content: 'You translate everything into French. Translation only.' },
          { role: 'user', content },
        ],
      }).task;
    expect(
      asked('The heating has been broken since Monday, nobody has come, and the landlord does not pick up the phone'),
    ).toBe('translation');
    expect(asked('Write a short poem, a haiku or a song about rain')).toBe('creative');
  });

  it('learns a task of the user’s own from ten labelled lines', () => {
    const examples = (name: string, lines: string): ReturnType<typeof testTask> =>
      testTask({ name, examples: lines.split('|') });
    const own = compileTasks(
      new Map(
        [
          examples(
            'refund',
            'I want my money back|refund my order please|the charge on my card was wrong|you billed me twice|cancel it and return the payment|my refund never arrived|double charge this month|reimburse the shipping fee|give me back what I paid|wrong amount on the bill',
          ),
          examples(
            'delivery',
            'where is my parcel|the courier never came|tracking says delivered but nothing is here|my package is late|change the delivery address|parcel left at the wrong door|when will it be shipped|the box arrived broken|delivery slot for Friday|the driver could not find us',
          ),
          examples(
            'account',
            'I cannot log in|reset my password|change my email address|delete my profile|two-factor code does not arrive|my login is locked|update my username|sign-in page shows an error|close my account|verify my phone number',
          ),
        ].map((task) => [task.name, task]),
      ),
    );
    const labelled = [
      ['refund', 'You charged my card twice, I would like the money back'],
      ['refund', 'still waiting for my refund on the last bill'],
      ['delivery', 'the courier left the package at a wrong address'],
      ['delivery', 'when does my parcel arrive?'],
      ['account', 'my password does not work and I am locked out of the login'],
      ['account', 'please update the phone number on my profile'],
    ] as const;
    for (const [task, prompt] of labelled) expect(of(user(prompt), own).scores[0]!.task, prompt).toBe(task);
  });

  it('finds keywords of every shape: phrases, inflections, signs, unspaced script', () => {
    const keywords = {
      phrase: ['hand in glove'],
      stem: ['negotiate'],
      signs: ['c++'],
      han: ['合同审查'],
      one: ['诗'],
      mixed: ['写sql'],
    };
    const shapes = compileTasks(
      new Map(Object.entries(keywords).map(([name, list]) => [name, testTask({ name, keywords: list })])),
    );
    const found = (prompt: string): string => of(user(prompt), shapes).scores[0]!.task;
    expect(found('They work hand-in-glove with us')).toBe('phrase');
    expect(found('We were NEGOTIATING all night')).toBe('stem');
    expect(found('a C++ build')).toBe('signs');
    expect(found('请做合同审查')).toBe('han');
    expect(found('一首诗')).toBe('one');
    expect(found('请写SQL查询')).toBe('mixed');
  });
});

/** Other ways to write the same. */
const REFORMATTED: Readonly<Record<string, (prompt: string) => string>> = {
  'upper case': (prompt) => prompt.toUpperCase(),
  'double spaces': (prompt) => prompt.replaceAll(' ', '   '),
  'line breaks': (prompt) => `\n\n${prompt.replaceAll(/ /g, (space, at: number) => (at % 3 === 0 ? '\n' : space))}\n`,
  bold: (prompt) => prompt.replace(/\p{L}{4,}/u, '**$&**'),
  'all bold': (prompt) => `**${prompt}**`,
  italics: (prompt) => prompt.replaceAll(/\p{L}{5,}/gu, '_$&_'),
  heading: (prompt) => `## ${prompt}`,
  quotation: (prompt) => `> ${prompt}`,
  'decomposed accents': (prompt) => prompt.normalize('NFD'),
  'no-break spaces': (prompt) => prompt.replaceAll(' ', '\u00a0'),
};

describe('formatting', () => {
  // A fence makes it code, so prompts with one aren't rewrapped.
  const plain = ALL.filter(([, prompt]) => !prompt.includes('```'));
  it.each(Object.entries(REFORMATTED))('%s changes no decision', (_, change) => {
    const changed = plain.filter(([, prompt]) => taskOf(change(prompt)) !== taskOf(prompt));
    expect(changed).toEqual([]);
  });
});

describe('hostile input', () => {
  const TEXTS: Readonly<Record<string, string>> = {
    'a megabyte of prose': 'The committee met to discuss regulations. '.repeat(25_000),
    'a megabyte of one word': 'a'.repeat(1_000_000),
    'a megabyte of emoji': '😀🎉'.repeat(250_000),
    'a megabyte of spaces': ' '.repeat(1_000_000),
    'a megabyte of marks': '*_~`'.repeat(250_000),
    'a megabyte of Han': '请'.repeat(1_000_000),
    'lone surrogates and controls': '\ud800\u0000\u001d\udfff'.repeat(2_000),
  };

  it.each(Object.entries(TEXTS))('%s is classified in bounded time', (_, text) => {
    // What isn't bounded would outlast the test's own time limit.
    const tasks = Array.from({ length: 10 }, () => taskOf(text));
    expect(new Set(tasks).size).toBe(1);
  });

  it('ten thousand messages are read once each', () => {
    const messages = Array.from({ length: 10_000 }, (_, nth) => ({
      role: nth % 2 === 0 ? 'user' : 'assistant',
      content: 'Solve 3x = 9',
    }));
    expect(of({ model: 'auto', messages }).scores).not.toHaveLength(0);
  });

  it.each([/(a+)+$/, /(a|aa)+$/, /(.*,)*x$/, /(\w+\s?)+;$/, /.*.*.*=.*;/])(
    'the pattern %s cannot hang it',
    (pattern) => {
      const bomb = compileTasks(new Map([['bomb', testTask({ name: 'bomb', patterns: [pattern] })]]));
      expect(of(user(`${'a'.repeat(5_000)}!`), bomb).scores).toHaveLength(1);
      expect(of(user(`${'a,'.repeat(2_500)}!`), bomb).scores).toHaveLength(1);
    },
  );

  it('leaves out a pattern that only backtracking can run and that may explode, and says so', () => {
    const bomb = compileTasks(
      new Map([['bomb', testTask({ name: 'bomb', patterns: [/(?=x)(a+)+$/, /(?<=let )\w+/] })]]),
    );
    expect(bomb.leftOut).toEqual([String(/(?=x)(a+)+$/)]);
    expect(bomb.patterns[0]).toHaveLength(1);
  });

  it('any text at all gives scores that sum to 1', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 })), (text) => {
        const { scores, confidence } = of(user(text));
        expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
        expect(confidence).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});
