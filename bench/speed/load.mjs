// Process: the clients. Takes one task at a time from the parent and sends back what it measured.
import { setTimeout as pause } from 'node:timers/promises';
import { Connection, requestBytes } from './connection.mjs';
import { processorUs, residentMb } from './processor-time.mjs';
import { questions } from './traffic.mjs';

const RAMP_MS = 400;
const now = () => performance.now();

async function until(isTrue, withinMs) {
  for (let waitedMs = 0; !isTrue() && waitedMs < withinMs; waitedMs += 20) await pause(20);
}

function quantile(sorted, share) {
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function spread(values) {
  const sorted = Float64Array.from(values).sort();
  return { count: sorted.length, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) ?? null };
}

/** Each connection sends its next request as soon as it has its answer. */
async function saturate({ port, pid, connections, seconds, path, body }) {
  const requests = (body === undefined ? questions() : [body]).map((each) => requestBytes(each, path));
  let [next, answered, failed, stopped] = [0, 0, 0, false];
  const again = (connection) => {
    answered += 1;
    if (connection.status !== 200) failed += 1;
    if (!stopped) send(connection);
  };
  const send = (connection) => connection.send(requests[next++ % requests.length], again);
  const lines = Array.from({ length: connections }, () => new Connection(port, () => (failed += 1)));
  await Promise.all(lines.map((line) => line.opened()));
  lines.forEach(send);
  await pause(RAMP_MS);
  const [fromUs, from, before] = [processorUs(pid), now(), answered];
  await pause(seconds * 1_000);
  const [count, tookMs, spentUs] = [answered - before, now() - from, processorUs(pid) - fromUs];
  stopped = true;
  await pause(100);
  for (const line of lines) line.close();
  return { perSecond: (count / tookMs) * 1_000, processorUs: spentUs / count, busy: spentUs / tookMs / 1_000, failed };
}

/**
 * Requests leave by the clock, whatever became of those before: a free connection or a new one takes each. So a proxy
 * that stands still is asked on, and every request that waits meanwhile counts.
 */
async function openLoop({ port, pid, perSecond, seconds, stream }) {
  const requests = questions({ stream }).map((each) => requestBytes(each));
  const [idle, all, times, firsts] = [[], new Set(), [], []];
  let [failed, sent, latestMs] = [0, 0, 0];
  const lineUp = () => {
    const line = new Connection(port, () => (failed += 1));
    all.add(line);
    return line;
  };
  for (let count = 0; count < 32; count += 1) idle.push(lineUp());
  await Promise.all(idle.map((line) => line.opened()));
  const rampUntil = now() + RAMP_MS;
  const send = () => {
    const line = idle.pop() ?? lineUp();
    const at = now();
    const counts = at >= rampUntil;
    line.send(
      requests[sent++ % requests.length],
      () => {
        if (line.status !== 200) failed += 1;
        if (counts) times.push(now() - at);
        idle.push(line);
      },
      stream && counts ? () => firsts.push(now() - at) : null,
    );
  };
  const start = now();
  const end = rampUntil + seconds * 1_000;
  const fromUs = processorUs(pid);
  for (let due = 0, time = start; time < end; time = now()) {
    for (; start + (due * 1_000) / perSecond <= time; due += 1) {
      latestMs = Math.max(latestMs, time - start - (due * 1_000) / perSecond);
      send();
    }
    await pause(1);
  }
  const spentUs = processorUs(pid) - fromUs;
  await until(() => idle.length === all.size, 3_000);
  failed += all.size - idle.length;
  for (const line of all) line.close();
  return {
    whole: spread(times),
    first: spread(firsts),
    failed,
    connections: all.size,
    latestMs,
    processorUs: spentUs / sent,
  };
}

/** Opens many streams and holds them; processor time and memory of the proxy while all of them are open. */
async function hold({ port, pid, streams, seconds, openMs }) {
  const requests = questions({ stream: true }).map((each) => requestBytes(each));
  let [begun, ended, failed, events] = [0, 0, 0, 0];
  const lines = [];
  for (let count = 0; count < streams; count += 1) {
    const line = new Connection(port, () => (failed += 1));
    lines.push(line);
    await line.opened();
    line.send(
      requests[count % requests.length],
      () => {
        ended += 1;
        if (line.status !== 200) failed += 1;
      },
      () => (begun += 1),
      () => (events += 1),
    );
    if (count % 25 === 24) await pause((openMs * 25) / streams);
  }
  await until(() => begun === streams, 10_000);
  await pause(RAMP_MS);
  const reads = () => lines.reduce((sum, line) => sum + line.reads, 0);
  const [fromUs, before, readsBefore] = [processorUs(pid), events, reads()];
  let mostMb = 0;
  for (let steps = 0; steps < seconds * 10; steps += 1) {
    await pause(100);
    mostMb = Math.max(mostMb, residentMb(pid) ?? 0);
  }
  const [spentUs, count, arrivals] = [processorUs(pid) - fromUs, events - before, reads() - readsBefore];
  const open = begun - ended;
  for (const line of lines) line.close();
  return { open, failed, mostMb, events: count, eventsARead: count / arrivals, processorUs: spentUs / arrivals };
}

const TASKS = { saturate, openLoop, hold };

process.on('message', ({ task, options }) => {
  void TASKS[task](options).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: String(error.stack ?? error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
