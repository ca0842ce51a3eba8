// Clients that open a stream and read nothing: what each of them costs, and what the others notice.
import { fork } from 'node:child_process';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { row } from '../speed/table.mjs';
import { quantile, steady } from './load.mjs';
import { residentBytes, withProgram } from './program.mjs';

const MEBIBYTE = 1024 * 1024;
const TIMEOUTS = { connect: '20s', first_token: '60s', idle: '10m', total: '10m' };
const BODY = JSON.stringify({ model: 'alpha', stream: true, messages: [{ role: 'user', content: 'Go on.' }] });
const REQUEST = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
/** 256 kB: most of it stays in the kernel's buffers. */
const LONG = { chunks: 64, everyMs: 40, chunkBytes: 4_096, holdMs: 120_000 };
/** 8 MB: more than they hold, so that what is behind them fills up as well. */
const ENDLESS = { chunks: 2_000, everyMs: 5, chunkBytes: 4_096, holdMs: 120_000 };
/** Each takes megabytes of the kernel's memory. */
const MOST_ENDLESS = 200;

/** Resolves with a function that hangs up, once all of them have their stream and it has run for a while. */
async function openStreams(url, count, { providers, isRead, ms }) {
  const { hostname, port } = new URL(url);
  const sockets = [];
  for (let nth = 0; nth < count; nth++) {
    const socket = createConnection({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    if (isRead) socket.resume();
    else socket.pause();
    socket.write(REQUEST);
    sockets.push(socket);
    if (nth % 50 === 49) await pause(100);
  }
  for (let turn = 0; turn < 600 && (await providers.books()).inside < count; turn++) await pause(100);
  await pause(ms);
  return async () => {
    for (const socket of sockets) socket.destroy();
    for (let turn = 0; turn < 100 && (await providers.books()).inside > 0; turn++) await pause(100);
    await pause(500);
  };
}

const p99 = (answers) =>
  quantile(
    answers.map(({ ms }) => ms),
    0.99,
  );

async function stalled(context) {
  const { providers, readers: count, seconds } = context;
  return withProgram(context, { timeouts: TIMEOUTS }, async (quorum) => {
    const { url } = quorum;
    const others = () => steady(url, { perSecond: 50, seconds, body: () => ({ model: 'beta' }) });
    await others();
    const calm = p99(await others());
    await providers.set({ 0: LONG });
    const atRest = quorum.residentBytes();
    const grown = () => (quorum.residentBytes() - atRest) / MEBIBYTE;
    const hangUp = await openStreams(url, count, { providers, isRead: false, ms: 8_000 });
    const { inside } = await providers.books();
    const growth = grown();
    const crowded = p99(await others());
    await hangUp();
    const hangUpReaders = await openStreams(url, count, { providers, isRead: true, ms: 8_000 });
    const read = grown();
    await hangUpReaders();
    return [
      row(`${count} stalled readers (${inside} streams held): resident memory over rest`, growth, 'MiB more', {
        most: 50,
      }),
      row('… after it, as many that read: over that rest', read, 'MiB more'),
      row("… other requests' p99 before", calm, 'ms'),
      row("… other requests' p99 beside the stalled, against before", 100 * (crowded / calm - 1), '% more', {
        most: 10,
      }),
    ];
  });
}

/** Readers behind whom everything is full, down to the provider. */
async function full(context) {
  const { providers } = context;
  const count = Math.min(MOST_ENDLESS, context.readers);
  return withProgram(context, { timeouts: TIMEOUTS }, async (quorum) => {
    await steady(quorum.url, { perSecond: 50, seconds: context.seconds, body: () => ({ model: 'beta' }) });
    await providers.set({ 0: ENDLESS });
    const atRest = quorum.residentBytes();
    const hangUp = await openStreams(quorum.url, count, { providers, isRead: false, ms: 12_000 });
    const growth = (quorum.residentBytes() - atRest) / MEBIBYTE;
    await hangUp();
    return [row(`${count} stalled readers of endless streams: resident memory over rest`, growth, 'MiB more')];
  });
}

/** The least that a proxy can do, under the same. */
async function bare({ providers, readers: count }) {
  await providers.set({ 0: { mode: 'well', latencyMs: 20, ...LONG } });
  const child = fork(join(import.meta.dirname, '../speed/bare.mjs'), [`http://127.0.0.1:${providers.ports[0]}`]);
  const { port } = await new Promise((resolve) => child.once('message', resolve));
  const atRest = residentBytes(child.pid);
  const hangUp = await openStreams(`http://127.0.0.1:${port}`, count, { providers, isRead: false, ms: 8_000 });
  const growth = (residentBytes(child.pid) - atRest) / MEBIBYTE;
  await hangUp();
  child.disconnect();
  return [row(`a bare node:http and undici pass-through with ${count}: over rest`, growth, 'MiB more')];
}

export const readers = async (context) => [
  ...(await stalled(context)),
  ...(await full(context)),
  ...(await bare(context)),
];
