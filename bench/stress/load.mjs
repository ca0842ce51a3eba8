// Clients: single requests, requests by the clock, and what came of them.
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export const now = () => performance.timeOrigin + performance.now();
const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });

/** One chat request, read to its end. Never rejects: `status` 0 is a connection that broke. */
export function ask(url, { headers = {}, signal, ...body } = {}) {
  const startedAt = now();
  const text = JSON.stringify({
    model: 'auto',
    messages: [{ role: 'user', content: `Is it so? ${Math.random()}` }],
    ...body,
  });
  return new Promise((resolve) => {
    const done = (status, answer = '') => resolve({ status, ms: now() - startedAt, at: startedAt, answer });
    const outgoing = request(
      `${url}/v1/chat/completions`,
      {
        method: 'POST',
        agent,
        signal,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
      },
      (incoming) => {
        const parts = [];
        incoming.on('data', (part) => parts.push(part));
        incoming.on('end', () => {
          const answer = Buffer.concat(parts).toString();
          const isWhole = body.stream !== true || incoming.statusCode !== 200 || answer.includes('data: [DONE]');
          done(isWhole ? incoming.statusCode : 0, answer);
        });
        incoming.on('error', () => done(0));
      },
    );
    outgoing.on('error', () => done(0));
    outgoing.end(text);
  });
}

/** `perSecond` requests for so long, leaving by the clock whatever became of those before. Resolves with all answers. */
export async function steady(url, { perSecond, seconds, body = () => ({}) }) {
  const all = [];
  const startedAt = now();
  for (let sent = 0; now() - startedAt < seconds * 1_000;) {
    const due = Math.floor(((now() - startedAt) / 1_000) * perSecond);
    while (sent < due) all.push(ask(url, body(sent++)));
    await pause(2);
  }
  return Promise.all(all);
}

export const share = (part, whole) => (whole === 0 ? 0 : part / whole);
export const failed = (answers) => answers.filter(({ status }) => status !== 200);

/** The value that a share `q` of all stays below; null without any. */
export function quantile(values, q) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** One number of the metrics page; 0 while it isn't there. */
export async function metric(url, line) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const rows = text.split('\n').filter((each) => each.startsWith(line));
  return rows.reduce((sum, each) => sum + Number(each.slice(each.lastIndexOf(' ') + 1)), 0);
}
