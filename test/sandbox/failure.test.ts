// The ways to fail: each on its own, repeatable; clients that leave; readers that are slow; pace by the clock.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { APIConnectionTimeoutError } from 'openai';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/contract/index.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { bench, realClock, type Bench } from './harness.ts';

const MODEL = 'sandbox-steady';
const ask = (stream: boolean, content = 'Tell me about rivers'): Record<string, unknown> => ({
  model: MODEL,
  stream,
  messages: [{ role: 'user', content }],
});
const failing = (override: Record<string, number>): Promise<Bench> => bench({ overrides: { [MODEL]: override } });

describe('failures', () => {
  it('errorRate answers with errorStatus', async () => {
    const { chat } = await failing({ errorRate: 1, errorStatus: 502 });
    await expect(chat(MODEL, 'hi')).rejects.toMatchObject({ status: 502, error: { type: 'server_error' } });
  });

  it('rateLimitRate answers 429 with retry-after', async () => {
    const { post } = await failing({ rateLimitRate: 1 });
    const response = await post('/chat/completions', ask(true));
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
  });

  it('cutRate breaks the connection in the middle, whole or streamed', async () => {
    const { post } = await failing({ cutRate: 1 });
    await expect((await post('/chat/completions', ask(false))).text()).rejects.toThrow();
    await expect((await post('/chat/completions', ask(true))).text()).rejects.toThrow();
  });

  it('malformedRate sends what can’t be read', async () => {
    const { post } = await failing({ malformedRate: 1 });
    await expect((await post('/chat/completions', ask(false))).json()).rejects.toThrow(SyntaxError);
    const events = (await (await post('/chat/completions', ask(true))).text()).trim().split('\n\n');
    expect(() => JSON.parse(events.at(-1)!.slice(6)) as unknown).toThrow(SyntaxError);
  });

  it('invalidRate breaks the JSON that was asked for, not the protocol', async () => {
    const { say } = await failing({ invalidRate: 1 });
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
    };
    const broken = async (content: string): Promise<boolean> => {
      try {
        const value = JSON.parse(
          await say(MODEL, content, { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }),
        ) as object;
        return !('name' in value && 'age' in value);
      } catch {
        return true;
      }
    };
    for (const age of [20, 30, 40, 50]) expect(await broken(`John Smith, age ${age}`)).toBe(true);
  });

  it('refusalRate refuses: in `refusal` under a schema, in words otherwise', async () => {
    const { chat } = await failing({ refusalRate: 1 });
    const schema = { type: 'object', properties: {} };
    const formal = (
      await chat(MODEL, 'hi', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } })
    ).choices[0]!.message;
    expect([formal.content, formal.refusal]).toEqual([null, expect.stringContaining("can't help")]);
    expect((await chat(MODEL, 'hi')).choices[0]!.message.content).toContain("can't help");
  });

  it('truncateRate ends with finish_reason length', async () => {
    const { chat } = await failing({ truncateRate: 1 });
    expect((await chat(MODEL, 'Tell me about rivers')).choices[0]!.finish_reason).toBe('length');
  });

  it('stallRate hangs until the client leaves', async () => {
    const { client } = await failing({ stallRate: 1 });
    const hung = client.chat.completions.create(
      { model: MODEL, messages: [{ role: 'user', content: 'hi' }] },
      { timeout: 200 },
    );
    await expect(hung).rejects.toBeInstanceOf(APIConnectionTimeoutError);
  });

  it('the same request meets the same fate; sandbox-flaky fails now and then', async () => {
    const { chat } = await bench({ overrides: { 'sandbox-flaky': { stallRate: 0, cutRate: 0, malformedRate: 0 } } });
    const fate = (index: number): Promise<number> =>
      chat('sandbox-flaky', `What is ${index} + 1?`).then(
        () => 200,
        (error: unknown) => (error as { status: number }).status,
      );
    const run = (): Promise<number[]> => Promise.all(Array.from({ length: 100 }, (_, index) => fate(index)));
    const first = await run();
    expect(await run()).toEqual(first);
    const failed = first.filter((status) => status !== 200).length;
    expect(failed).toBeGreaterThan(3);
    expect(failed).toBeLessThan(30);
  });

  it('refuses names and rates that mean nothing', async () => {
    const start = (overrides: Record<string, object>): Promise<unknown> =>
      startSandbox({ clock: realClock, seed: 1, overrides });
    await expect(start({ 'sandbox-swfit': {} })).rejects.toThrow(/no sandbox model "sandbox-swfit"/);
    await expect(start({ '*': { errorRate: 1.5 } })).rejects.toThrow(
      /sandbox-swift\.errorRate must be between 0 and 1/,
    );
  });
});

/** Counts the pauses that are pending, and what passed. */
function countingClock(): {
  readonly clock: Clock;
  readonly pending: () => number;
  readonly cancelled: () => number;
} {
  let [pending, cancelled] = [0, 0];
  const after: Clock['after'] = (afterMs, task) => {
    pending++;
    const cancel = realClock.after(afterMs, () => {
      pending--;
      task();
    });
    return () => {
      pending--;
      cancelled++;
      cancel();
    };
  };
  return { clock: { now: () => realClock.now(), after }, pending: () => pending, cancelled: () => cancelled };
}

const until = async (holds: () => boolean): Promise<void> => {
  for (const giveUpAt = realClock.now() + 5000; !holds() && realClock.now() < giveUpAt;)
    await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
};

describe('clients', () => {
  it('one that leaves stops its answer at once', async () => {
    const { clock, pending, cancelled } = countingClock();
    const { client } = await bench({ clock, speedup: 1, overrides: { [MODEL]: { tokensPerSecond: 50 } } });
    const stream = await client.chat.completions.create({
      model: MODEL,
      stream: true,
      messages: [{ role: 'user', content: 'Count from 1 to 5000' }],
    });
    let seen = 0;
    for await (const chunk of stream) if (++seen === 5 || chunk.choices.length === 0) break;
    await until(() => pending() === 0 && cancelled() === 1);
  });

  it('one that leaves before the first byte, too', async () => {
    const { clock, pending, cancelled } = countingClock();
    const { post } = await bench({ clock, speedup: 1, overrides: { [MODEL]: { firstTokenMs: 60_000 } } });
    const leaving = new AbortController();
    const call = post('/chat/completions', ask(false), { signal: leaving.signal });
    await until(() => pending() === 1);
    leaving.abort();
    await expect(call).rejects.toThrow();
    await until(() => pending() === 0 && cancelled() === 1);
  });

  it('one that doesn’t read holds the answer back until it does', async () => {
    let pauses = 0;
    const clock: Clock = {
      now: () => realClock.now(),
      after: (_afterMs, task) => {
        pauses++;
        const handle = setImmediate(task);
        return () => clearImmediate(handle);
      },
    };
    const { sandbox } = await bench({ clock, speedup: 1, overrides: { [MODEL]: { tokensPerSecond: 100 } } });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${sandbox.apiKey}` };
      const call = httpRequest(`${sandbox.url}/chat/completions`, { method: 'POST', headers }, resolve);
      call.on('error', reject);
      call.end(JSON.stringify({ ...ask(true, 'Count from 1 to 10000'), n: 4 }));
    });
    response.pause();
    let seen = -1;
    while (seen !== pauses) {
      seen = pauses;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const held = pauses;
    let end = '';
    for await (const chunk of response) end = String(chunk).slice(-20);
    expect(end).toContain('data: [DONE]');
    expect(held).toBeLessThan(pauses / 2);
  });

  it('close ends what is in flight', async () => {
    const { sandbox, post } = await bench({ speedup: 1, overrides: { [MODEL]: { firstTokenMs: 60_000 } } });
    const call = post('/chat/completions', ask(false));
    const failed = expect(call).rejects.toThrow();
    await post('/moderations', { input: 'hi' });
    await sandbox.close();
    await failed;
  });
});

describe('pace', () => {
  it('follows the model’s latency and speed, divided by the speed-up', async () => {
    let waited = 0;
    const instant: Clock = {
      now: () => 0,
      after: (afterMs, task) => {
        waited += afterMs;
        const handle = setImmediate(task);
        return () => clearImmediate(handle);
      },
    };
    const { post } = await bench({
      clock: instant,
      speedup: 2,
      overrides: { [MODEL]: { firstTokenMs: 100, tokensPerSecond: 10 } },
    });
    const text = await (
      await post('/chat/completions', { ...ask(true, 'Count from 1 to 50'), stream_options: { include_usage: true } })
    ).text();
    const tokens = Number(/"completion_tokens":(\d+)/.exec(text)![1]);
    expect(waited).toBeGreaterThan((80 + tokens * 100) / 2 - 1);
    expect(waited).toBeLessThan((120 + tokens * 100) / 2 + 1);
  });
});
