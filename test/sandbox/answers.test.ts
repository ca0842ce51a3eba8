// What the simulated models say: the same for the same request, right as often as stated, wrong in their own way.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS, SANDBOX_MODELS } from '../../src/sandbox/index.ts';
import { bench, RELIABLE, RIGHT } from './harness.ts';

const QUESTIONS = Array.from({ length: 300 }, (_, index) => {
  const [a, b] = [11 + ((index * 37) % 89), 3 + ((index * 53) % 97)];
  return index % 2 === 0
    ? { text: `What is ${a} * ${b} + ${index}?`, truth: a * b + index }
    : { text: `Compute (${a} + ${b}) * ${index}`, truth: (a + b) * index };
});
const lastNumber = (text: string): number => Number(/(-?\d+(?:\.\d+)?)\D*$/.exec(text)?.[1]);

describe('accuracy', async () => {
  const { say } = await bench({ overrides: { '*': RELIABLE } });
  const answersOf = async (model: string): Promise<readonly number[]> => {
    const answers: number[] = [];
    for (const { text } of QUESTIONS) answers.push(lastNumber(await say(model, text)));
    return answers;
  };
  const all = new Map<string, readonly number[]>();

  it.each(SANDBOX_MODELS)('%s is right about as often as it is said to be', async (model) => {
    const answers = await answersOf(model);
    all.set(model, answers);
    const share = answers.filter((answer, index) => answer === QUESTIONS[index]!.truth).length / QUESTIONS.length;
    const stated = BEHAVIOURS[model]!.accuracy.arithmetic;
    // Three standard deviations of 300 draws.
    expect(Math.abs(share - stated)).toBeLessThan(3 * Math.sqrt((stated * (1 - stated)) / 300));
  });

  it('relatives are wrong alike, strangers mostly differ', () => {
    const bothWrong = (left: string, right: string): { wrong: number; same: number } => {
      const pairs = QUESTIONS.map(
        ({ truth }, index) => [all.get(left)![index]!, all.get(right)![index]!, truth] as const,
      );
      const wrong = pairs.filter(([a, b, truth]) => a !== truth && b !== truth);
      return { wrong: wrong.length, same: wrong.filter(([a, b]) => a === b).length };
    };
    const kin = bothWrong('sandbox-swift', 'sandbox-thrifty');
    expect(kin.wrong).toBeGreaterThan(40);
    expect(kin.same).toBe(kin.wrong);
    const strangers = bothWrong('sandbox-swift', 'sandbox-flaky');
    expect(strangers.same / Math.max(strangers.wrong, 1)).toBeLessThan(0.4);
    expect(strangers.wrong).toBeLessThan(kin.wrong);
  });
});

describe('determinism', async () => {
  const [first, second, other] = [await bench(), await bench(), await bench({ seed: 8 })];
  const ask = async ({ chat }: typeof first): Promise<unknown[]> => {
    const answers: unknown[] = [];
    for (const { text } of QUESTIONS.slice(0, 40)) {
      const { choices } = await chat('sandbox-swift', text, { n: 2, logprobs: true });
      answers.push(choices);
    }
    return answers;
  };

  it('the same seed gives the same answers, in any order, in another process', async () => {
    const forwards = await ask(first);
    const backwards: unknown[] = [];
    for (const { text } of QUESTIONS.slice(0, 40).toReversed()) {
      backwards.unshift((await second.chat('sandbox-swift', text, { n: 2, logprobs: true })).choices);
    }
    expect(backwards).toEqual(forwards);
  });

  it('another seed makes other mistakes', async () => {
    expect(await ask(other)).not.toEqual(await ask(first));
  });

  it('samples are alike at temperature 0 and differ at 1', async () => {
    const spread = async (temperature: number): Promise<number> => {
      let sizes = 0;
      for (const { text } of QUESTIONS.slice(0, 10)) {
        const { choices } = await first.chat('sandbox-swift', text, { n: 20, temperature });
        sizes += new Set(choices.map(({ message }) => message.content)).size;
      }
      return sizes;
    };
    expect(await spread(0)).toBe(10);
    expect(await spread(1)).toBeGreaterThan(15);
  });
});

describe('questions whose truth is known', async () => {
  const { say } = await bench({ overrides: { '*': { ...RELIABLE, accuracy: RIGHT } } });

  it.each([
    ['What is 17*23?', '391'],
    ['Compute 2 + 3 * (4 - 1)^2', '29'],
    ['What is 15% of 240?', '36'],
    ['what is 7 plus 5 times 2?', '17'],
    ['What is 123456789 * 987654321?', '121932631112635269'],
    ['If a train travels 60 km/h for 2.5 hours, how far does it go?', '150'],
    ['Tom has 5 apples, buys 3 more and gives away 2. How many apples does he have?', '6'],
    ['A shirt costs $40 and is discounted by 25%. What is the final price?', '30'],
    ['There are 4 boxes with 12 pencils each. How many pencils are there?', '48'],
    ['12 cookies are shared equally among 4 children. How many does each get?', '3'],
    ['Solve for x: 2x + 3 = 11', '4'],
    ['What is the average of 4, 8 and 15?', '9'],
    ["How many r's are in strawberry?", '3'],
    ['What is the capital of France?', 'Paris'],
    ['Is 91 prime?', 'No'],
    ['Is Paris the capital of France? Answer yes or no.', 'Yes'],
    ['Classify as positive or negative: I love this phone, it is great', 'positive'],
    [
      'Classify the sentiment as positive, negative or neutral.\nReview: The food was terrible, the service slow.',
      'negative',
    ],
    ['Label the ticket with one of: billing, technical, account. Ticket: I was charged twice on my invoice', 'billing'],
    ['Which planet is the largest?\nA) Earth\nB) Mars\nC) Jupiter\nD) Venus', 'C'],
    ['What is 6 * 7?\n(A) 36\n(B) 42\n(C) 48\nAnswer with the letter only.', 'B'],
    ["Translate 'good morning' to Spanish", 'buenos días'],
    ["Reverse the word 'hello'", 'olleh'],
    ['Sort these numbers: 5, 3, 9, 1', '1, 3, 5, 9'],
    ['Extract the email from: contact John Smith at john@x.com today', 'john@x.com'],
  ])('%s', async (question, truth) => {
    expect(await say('sandbox-swift', question)).toBe(truth);
  });

  it('takes the labels from the system prompt', async () => {
    const { client } = await bench({ overrides: { '*': { accuracy: RIGHT } } });
    const { choices } = await client.chat.completions.create({
      model: 'sandbox-sage',
      messages: [
        { role: 'system', content: 'Classify the message as spam or ham. Reply with the label only.' },
        { role: 'user', content: 'Congratulations, you win a free prize! Click to claim your cash.' },
      ],
    });
    expect(choices[0]!.message.content).toBe('spam');
  });

  it('writes functions that work, under the name asked for', async () => {
    const text = await say('sandbox-coder', 'Write a JavaScript function called `flip` that reverses a string.');
    const code = /```javascript\n([^]*?)```/.exec(text)![1]!;
    const flip = runInNewContext(`${code}; flip('abc')`) as unknown;
    expect(flip).toBe('cba');
    expect(text).toContain('(simulated)');
  });

  it('words the answer as the prompt wants it', async () => {
    expect(await say('sandbox-sage', 'What is 6*7? End with "Answer: <number>".')).toMatch(/\nAnswer: 42$/);
    expect(await say('sandbox-sage', 'What is 6*7? Put the result in \\boxed{}.')).toBe('\\boxed{42}');
    expect(await say('sandbox-sage', 'What is 6*7? Reply with only the number.')).toBe('42');
  });

  it('writes prose that says it is simulated, as long as asked', async () => {
    expect(await say('sandbox-steady', 'Tell me about rivers')).toContain('(simulated)');
    expect((await say('sandbox-steady', 'Write an essay of 300 words about rivers')).split(' ')).toHaveLength(300);
  });
});
