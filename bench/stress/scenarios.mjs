// What is done to the program, and the figures that come of it.
import { setTimeout as pause } from 'node:timers/promises';
import { row } from '../speed/table.mjs';
import { JOBS } from './jobs.mjs';
import { ask, failed, metric, now, quantile, share, steady } from './load.mjs';
import { OF_THE_PROCESS } from './process.mjs';
import { readers } from './readers.mjs';
import { withProgram } from './program.mjs';

const percent = (value) => 100 * value;
const MEBIBYTE = 1024 * 1024;

/** The best of three providers falls ill in the middle of steady load. */
async function sick(context) {
  const rows = [];
  for (const mode of ['dead', 'stalled', 'garbage', 'failing']) {
    rows.push(
      ...(await withProgram(context, {}, async ({ url }) => {
        const load = steady(url, {
          perSecond: 40,
          seconds: context.seconds * 2,
          body: (nth) => ({ stream: nth % 2 === 0 }),
        });
        await pause(context.seconds * 500);
        await context.providers.set({ 0: { mode } });
        const answers = await load;
        return [
          row(
            `one of three ${mode}: client errors (${answers.length} requests)`,
            percent(share(failed(answers).length, answers.length)),
            '%',
            { most: 0.1 },
          ),
        ];
      })),
    );
  }
  return rows;
}

/** Everything fails for a while. */
async function outage(context) {
  return withProgram(context, {}, async ({ url }) => {
    const { providers, outageSeconds } = context;
    await steady(url, { perSecond: 30, seconds: 1 });
    await providers.newBooks();
    await providers.all({ mode: 'failing' });
    const during = await steady(url, { perSecond: 30, seconds: outageSeconds });
    const { calls } = await providers.books();
    await providers.all({ mode: 'well' });
    const recoveredAt = now();
    const after = await steady(url, { perSecond: 30, seconds: 5 });
    const lastFailure = Math.max(recoveredAt, ...failed(after).map(({ at }) => at));
    const attempts = calls.reduce((sum, each) => sum + each, 0);
    return [
      row(
        `all fail for ${outageSeconds} s: attempts a request (${during.length} requests)`,
        attempts / during.length,
        '',
        { most: 1.2 },
      ),
      row('… until the last error after they are well', (lastFailure - recoveredAt) / 1_000, 's', { most: 30 }),
      row(
        '… p99 of the errors',
        quantile(
          failed(during).map(({ ms }) => ms),
          0.99,
        ),
        'ms',
      ),
    ];
  });
}

/** More than the shared slots can take. */
async function overload(context) {
  const limits = { roles: { global: 10 }, max_wait: '1s' };
  return withProgram(context, { limits }, async (quorum) => {
    const { url } = quorum;
    await context.providers.all({ latencyMs: 100 });
    await steady(url, { perSecond: 80, seconds: 3 });
    const CAPACITY = 100;
    const goodput = async (times) => {
      const answers = await steady(url, { perSecond: CAPACITY * times, seconds: context.seconds });
      const good = answers.filter(({ status }) => status === 200);
      const last = Math.max(...good.map(({ at, ms }) => at + ms));
      const refused = answers.filter(({ status }) => status === 503);
      const other = answers.length - good.length - refused.length;
      return { perSecond: (1_000 * good.length) / (last - answers[0].at), refused: refused.map(({ ms }) => ms), other };
    };
    const peak = await goodput(1);
    const before = quorum.residentBytes();
    const rows = [row('at capacity: answers', peak.perSecond, '/s')];
    for (const times of [2, 5]) {
      const load = goodput(times);
      await pause(500);
      const health = [];
      for (let turn = 0; turn < 20; turn++) {
        const startedAt = now();
        await (await fetch(`${url}/livez`)).text();
        health.push(now() - startedAt);
        await pause(20);
      }
      const { perSecond, refused, other } = await load;
      rows.push(
        row(`${times} × capacity: goodput`, percent(perSecond / peak.perSecond), '% of the peak', { least: 90 }),
        row(`… refusals' p99 (${refused.length} refused)`, quantile(refused, 0.99), 'ms', { most: 50 }),
        row("… refusals' median", quantile(refused, 0.5), 'ms'),
        row('… neither answered nor refused', other, '', { most: 0 }),
        row("… health's p99", quantile(health, 0.99), 'ms'),
      );
    }
    rows.push(row('… growth of resident memory', (quorum.residentBytes() - before) / MEBIBYTE, 'MiB'));
    return rows;
  });
}

/** Clients that leave at a random moment. */
async function aborts(context) {
  const rows = [];
  for (const strategy of ['single', 'dual', 'triple', 'cascade', 'council']) {
    rows.push(
      ...(await withProgram(context, {}, async ({ url }) => {
        const { providers } = context;
        await providers.all({ latencyMs: 60, chunks: 20, everyMs: 10 });
        const left = new Map();
        const one = async (nth) => {
          const gone = new AbortController();
          const tag = `${strategy}${nth}`;
          const answer = ask(url, {
            signal: gone.signal,
            stream: nth % 2 === 0,
            messages: [{ role: 'user', content: `Is it so? tag-${tag}` }],
            headers: { 'x-quorum-strategy': strategy },
          });
          await pause(1 + Math.random() * 150);
          left.set(tag, now());
          gone.abort();
          return answer;
        };
        const all = [];
        for (let nth = 0; nth < context.aborts; nth++) {
          all.push(one(nth));
          if (nth % 5 === 4) await pause(strategy === 'council' ? 200 : 60);
        }
        await Promise.all(all);
        await pause(1_000);
        const { closed, inside } = await providers.books();
        const late = closed.map(([tag, at]) => at - (left.get(tag) ?? at)).filter((ms) => ms >= 0);
        const inFlight = await metric(url, 'quorum_requests_in_flight ');
        const counted = await metric(url, 'quorum_requests_total{');
        return [
          row(
            `${strategy}, ${context.aborts} clients leave: calls ended after, at the most (${closed.length} cut)`,
            late.length === 0 ? null : Math.max(...late),
            'ms',
            { most: 250 },
          ),
          row('… p99', quantile(late, 0.99), 'ms'),
          row('… calls or requests still open', inside + inFlight, '', { most: 0 }),
          row('… requests on the record', percent(counted / context.aborts), '%'),
        ];
      })),
    );
  }
  return rows;
}

export const SCENARIOS = { sick, outage, overload, readers, aborts, ...JOBS, ...OF_THE_PROCESS };
