// The process as a whole: it drains, changes its config under load, and takes whatever comes.
import { setTimeout as pause } from 'node:timers/promises';
import { row } from '../speed/table.mjs';
import { fuzz } from './fuzz.mjs';
import { ask, failed, metric, now, steady } from './load.mjs';
import { MODELS, withProgram } from './program.mjs';

const MEBIBYTE = 1024 * 1024;

const complete = ({ status, answer }) => status === 200 && answer.includes('data: [DONE]');
const told = ({ answer }) => answer.includes('"shutting_down"') && !answer.includes('data: [DONE]');

/** Open streams when the signal comes. */
async function streamsAtSignal(context, { grace, chunks, holdMs }, signals) {
  return withProgram(context, { server: { port: 0, shutdown_grace: grace } }, async (quorum) => {
    const { providers, streams } = context;
    await providers.all({ latencyMs: 5, chunks, everyMs: 100, chunkBytes: 40, holdMs });
    const open = [];
    for (let nth = 0; nth < streams; nth++) {
      open.push(ask(quorum.url, { model: MODELS[nth % MODELS.length], stream: true }));
      if (nth % 50 === 49) await pause(50);
    }
    while ((await providers.books()).inside < streams) await pause(50);
    await pause(300);
    const signalledAt = now();
    quorum.signal('SIGTERM');
    if (signals > 1) {
      await pause(500);
      quorum.signal('SIGINT');
    }
    const code = await quorum.ended;
    const tookMs = now() - signalledAt;
    return { answers: await Promise.all(open), inside: open.length, code, tookMs };
  });
}

async function drain(context) {
  const calm = await streamsAtSignal(context, { grace: '30s', chunks: 40, holdMs: 0 }, 1);
  const cut = await streamsAtSignal(context, { grace: '2s', chunks: 10, holdMs: 60_000 }, 1);
  const now_ = await streamsAtSignal(context, { grace: '60s', chunks: 10, holdMs: 60_000 }, 2);
  return [
    row(`SIGTERM with ${calm.inside} open streams: lost`, calm.answers.filter((each) => !complete(each)).length, '', {
      most: 0,
    }),
    row('… exit code', calm.code, '', { most: 0 }),
    row(
      `past a grace of 2 s: ended without an error event, of ${cut.inside}`,
      cut.answers.filter((each) => !told(each)).length,
      '',
      {
        most: 0,
      },
    ),
    row('… exit code', cut.code, '', { most: 0 }),
    row('… from the signal to the exit', cut.tookMs, 'ms'),
    row('a second signal after 500 ms: from the first to the exit', now_.tookMs, 'ms', { most: 1_500 }),
  ];
}

/** The names that the models have at their providers tell which config a call was made under. */
const generation = (ports, nth) => ({
  models: Object.fromEntries(
    MODELS.map((name) => [
      name,
      { provider: name, upstream_model: `gen-${nth}`, price: { input: 0.01, output: 0.01 }, quality: 7, family: name },
    ]),
  ),
});

async function reloads(context) {
  const admin = { authorization: 'Bearer bench-admin-key' };
  const server = { port: 0, admin_key: 'bench-admin-key' };
  return withProgram(context, { server, ...generation(context.providers.ports, 0) }, async (quorum) => {
    let over = false;
    const load = (async () => {
      const all = [];
      for (let nth = 0; !over; nth++) {
        const tag = `r${nth}`;
        const strategy = nth % 3 === 0 ? 'single' : nth % 3 === 1 ? 'dual' : 'triple';
        all.push(
          ask(quorum.url, {
            stream: nth % 2 === 0,
            messages: [{ role: 'user', content: `Is it so? tag-${tag}` }],
            headers: { 'x-quorum-strategy': strategy },
          }),
        );
        await pause(40);
      }
      return Promise.all(all);
    })();
    let refused = 0;
    for (let nth = 1; nth <= context.reloads; nth++) {
      quorum.configure({ server, ...generation(context.providers.ports, nth) });
      const answer = await fetch(`${quorum.url}/admin/v1/config/reload`, { method: 'POST', headers: admin });
      const { ok } = await answer.json();
      if (ok !== true) refused++;
    }
    over = true;
    const answers = await load;
    const { mixed, generations } = await context.providers.books();
    return [
      row(`${context.reloads} reloads under load: failed requests (of ${answers.length})`, failed(answers).length, '', {
        most: 0,
      }),
      row('… reloads that were not taken', refused, '', { most: 0 }),
      row(`… requests that saw two configs (${generations} configs answered)`, mixed, '', { most: 0 }),
    ];
  });
}

async function fuzzed(context) {
  const retention = { body_limit: '1mb', port: 0 };
  return withProgram(context, { server: retention }, async (quorum) => {
    await context.providers.all({ latencyMs: 0, chunks: 2, everyMs: 0 });
    const startedAt = now();
    const found = await fuzz(quorum.url, { count: context.inputs, seed: context.seed });
    const seconds = (now() - startedAt) / 1_000;
    const alive = await steady(quorum.url, { perSecond: 20, seconds: 1 });
    for (const each of found.strange) process.stderr.write(`strange: ${each}\n`);
    const faults = quorum.count(/unhandled rejection|uncaught exception|met a fault/);
    return [
      row(`${found.sent} inputs from seed ${context.seed}: crashes`, quorum.hasEnded() ? 1 : 0, '', { most: 0 }),
      row('… faults, unhandled rejections, uncaught exceptions in the log', faults, '', { most: 0 }),
      row(`… not in the shape of an error, or a 500 (${found.answered} answers)`, found.strange.length, '', {
        most: 0,
      }),
      row('… whole requests on connections that were cut, asked again', found.again, ''),
      row('… whole requests without an answer', found.unanswered, '', { most: 0 }),
      row('… ordinary requests that fail after it', failed(alive).length, '', { most: 0 }),
      row('… requests still open', await metric(quorum.url, 'quorum_requests_in_flight '), '', { most: 0 }),
      row('… resident memory', quorum.residentBytes() / MEBIBYTE, 'MiB'),
      row('… inputs', found.sent / seconds, '/s'),
    ];
  });
}

export const OF_THE_PROCESS = { drain, reloads, fuzz: fuzzed };
