// Served traffic with and without a shadow whose model hangs or fails, in slices that alternate, so that all meet the same machine.
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../stress/load.mjs';
import { startProviders, startQuorum } from '../stress/program.mjs';

const LATENCY_MS = 200;
const SLICES = 16;
const PER_SLICE = 100;
const EVERY_MS = 12;

const ADMIN_KEY = 'bench-admin-key-0123456789';

const experiment = {
  sticky: 'request',
  // Else an arm that fails is stopped after a few seconds.
  guardrails: { error_rate: 1 },
  arms: { served: { weight: 0 }, beside: { models: ['gamma'] } },
  shadow: { budget_usd: 1_000, parallel: 8, queue: 100, deadline: '5s' },
};

/** Open loop: requests leave by the clock, whatever became of the earlier ones. */
async function slice(url, place) {
  const answers = [];
  for (let nth = 0; nth < PER_SLICE; nth += 1) {
    answers.push(ask(url, { messages: [{ role: 'user', content: `Is ${place * PER_SLICE + nth} so?` }] }));
    await pause(EVERY_MS);
  }
  return Promise.all(answers);
}

const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1];

export async function* shadow(dist) {
  const providers = await startProviders();
  try {
    await providers.all({ latencyMs: LATENCY_MS });
    for (const mode of ['stalled', 'failing']) {
      await providers.set({ 2: { mode } });
      yield* compare(dist, providers, mode);
    }
  } finally {
    providers.stop();
  }
}

async function* compare(dist, providers, mode) {
  // The one that hangs or fails serves nobody.
  const tiers = { bench: { models: ['alpha', 'beta'], chairman: 'alpha' } };
  const programs = {
    alone: await startQuorum(dist, providers.ports, { tiers }),
    // The same once more: what the machine alone makes of the figure.
    again: await startQuorum(dist, providers.ports, { tiers }),
    beside: await startQuorum(dist, providers.ports, {
      tiers,
      server: { port: 0, admin_key: ADMIN_KEY },
      experiments: { experiment },
    }),
  };
  try {
    for (const { url } of Object.values(programs)) await slice(url, SLICES);
    const slices = { alone: [], again: [], beside: [] };
    const names = Object.keys(slices);
    for (let nth = 0; nth < SLICES; nth += 1)
      for (const name of [...names.slice(nth % 3), ...names.slice(0, nth % 3)])
        slices[name].push(await slice(programs[name].url, nth));
    const seen = { alone: slices.alone.flat(), beside: slices.beside.flat() };
    const p = (answers, share) =>
      quantile(
        answers.map(({ ms }) => ms),
        share,
      );
    // Neighbours in time meet the same machine: one hiccup of it spoils one pair, not the figure.
    const against = (name) =>
      quantile(
        slices.alone.map((alone, nth) => p(slices[name][nth], 0.99) / p(alone, 0.99)),
        0.5,
      );
    const [ratio, noise] = [against('beside'), against('again')];
    const results = (name) => seen[name].map(({ status, answer }) => `${status} ${answer}`);
    const equal = JSON.stringify(results('alone')) === JSON.stringify(results('beside'));
    const { beside } = await fetch(`${programs.beside.url}/admin/v1/experiments/experiment/results`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    }).then((answer) => answer.json());
    const { ran, dropped, running } = beside;
    yield {
      what: `the shadow's model ${mode}: p99 with it against without, median of ${SLICES} pairs of ${PER_SLICE} requests (two without; p50)`,
      measured: `${ratio.toFixed(3)} (${noise.toFixed(3)}; ${p(seen.beside, 0.5).toFixed(1)} : ${p(seen.alone, 0.5).toFixed(1)} ms)`,
      target: '≤ 1.05',
      ok: ratio <= 1.05,
    };
    yield {
      what: `the same answers with the same statuses, while ${ran} ran beside, ${running} hung and ${dropped} were dropped`,
      measured: equal ? 'all' : 'not all',
      target: 'all',
      ok: equal && seen.alone.every(({ status }) => status === 200) && ran + dropped > 0,
    };
  } finally {
    for (const program of Object.values(programs)) await program.stop();
  }
}
