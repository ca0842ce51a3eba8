// Many jobs on few slots: twenty at once, bursts of a hundred, and all of it for as long as one likes.
import { setTimeout as pause } from 'node:timers/promises';
import { row } from '../speed/table.mjs';
import { ask, failed, metric, now, share } from './load.mjs';
import { COLLECTING, MODELS, withProgram } from './program.mjs';

const MEBIBYTE = 1024 * 1024;
const JOBS_AT_ONCE = 20;
const BURST = 100;
const LIMITS = { roles: { planner: 2, executor: 5, heavy: 1, global: 6 }, max_wait: '10s' };
const ROLES = ['planner', 'executor', 'executor', 'executor', 'heavy', null];
const STRATEGIES = ['single', 'dual', 'triple', 'cascade', 'council'];
/** Shorter than this says nothing about the memory: the heap isn't warm. */
const TELLING_SECONDS = 600;

const success = (answers) => 100 * (1 - share(failed(answers).length, answers.length));
const anyOf = (list) => list[Math.floor(Math.random() * list.length)];
const as = (role, more = {}) => ({ headers: { ...(role !== null && { 'x-quorum-role': role }), ...more } });
const burst = (url) => Promise.all(Array.from({ length: BURST }, () => ask(url)));

/** As fast as the slots let them. */
async function jobs(context) {
  return withProgram(context, { limits: LIMITS }, async ({ url }) => {
    const { providers } = context;
    const job = async () => {
      const answers = [];
      for (let step = 0; step < 15; step++) answers.push(await ask(url, as(anyOf(ROLES))));
      return answers;
    };
    const answers = (await Promise.all(Array.from({ length: JOBS_AT_ONCE }, job))).flat();
    const { most } = await providers.books();
    const inBursts = [];
    for (let times = 0; times < 3; times++) {
      inBursts.push(...(await burst(url)));
      await pause(1_000);
    }
    return [
      row(`20 jobs on 2/5/1/6 slots: success (${answers.length} requests)`, success(answers), '%', { least: 99 }),
      row('… calls at the same time, at the most', most, '', { most: LIMITS.roles.global }),
      row('3 bursts of 100: success', success(inBursts), '%', { least: 99 }),
      row('… requests that never ended', await metric(url, 'quorum_requests_in_flight '), '', { most: 0 }),
    ];
  });
}

/** One of a soaking job's requests: any role and strategy, a third streamed, some of them asked before. */
const mixed = (nth) => ({
  stream: nth % 3 === 0,
  ...(nth % 4 === 0 && { messages: [{ role: 'user', content: `Is it so again? ${nth % 400}` }] }),
  ...as(anyOf(ROLES), { 'x-quorum-strategy': STRATEGIES[nth % STRATEGIES.length] }),
});

/** What is in use after a third, two thirds and all of the time, and the most that was resident. */
async function watched(quorum, seconds) {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, quorum.residentBytes())), 1_000);
  const inUse = [];
  for (let part = 0; part < 3; part++) {
    await pause((seconds * 1_000) / 3 - 4_000);
    inUse.push((await quorum.bytesInUse()) / MEBIBYTE);
  }
  clearInterval(timer);
  return { inUse, most: most / MEBIBYTE };
}

/** Twenty jobs with pauses and a burst now and then, on few slots, a small cache and a database on disk. */
async function soak(context) {
  const seconds = context.soakSeconds;
  const more = { limits: LIMITS, storage: { url: 'sqlite:./soak.db' }, cache: { enabled: true, max_entries: 500 } };
  return withProgram({ ...context, node: COLLECTING }, more, async (quorum) => {
    const endsAt = now() + seconds * 1_000;
    const answers = [];
    const keep = ({ status, ms }) => answers.push({ status, ms });
    const job = async () => {
      while (now() < endsAt) {
        keep(await ask(quorum.url, mixed(answers.length)));
        await pause(500 + 1_000 * Math.random());
      }
    };
    const bursts = async () => {
      const everyMs = Math.min(60_000, (seconds * 1_000) / 6);
      while (now() + everyMs < endsAt) {
        await pause(everyMs);
        for (const answer of await burst(quorum.url)) keep(answer);
      }
    };
    const jobsAtWork = Array.from({ length: JOBS_AT_ONCE }, job);
    const [{ inUse, most: resident }] = await Promise.all([watched(quorum, seconds), bursts(), ...jobsAtWork]);
    const [warm, later, last] = inUse;
    const { most } = await context.providers.books();
    return [
      row(`soak of ${seconds} s: success (${answers.length} requests)`, success(answers), '%', { least: 99 }),
      row('… calls at the same time, at the most (six requests, three models)', most, '', {
        most: LIMITS.roles.global * MODELS.length,
      }),
      row('… requests still open', await metric(quorum.url, 'quorum_requests_in_flight '), '', { most: 0 }),
      row('… resident memory, at the most', resident, 'MiB'),
      row('… in use after a collection, a third of the time gone', warm, 'MiB'),
      row('… two thirds', later, 'MiB'),
      row(
        '… at the end, against a third',
        100 * (last / warm - 1),
        '% more',
        seconds < TELLING_SECONDS ? {} : { most: 5 },
      ),
    ];
  });
}

export const JOBS = { jobs, soak };
