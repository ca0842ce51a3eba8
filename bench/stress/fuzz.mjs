// Inputs that nobody should send, many of them: strange bodies, headers, paths and bytes, over kept connections, from a seed.
import { createConnection } from 'node:net';

const CONNECTIONS = 16;
/** Requests that a connection has under way. */
const DEPTH = 12;
const PATIENCE_MS = 30_000;
/** What isn't HTTP may be waited for in vain. */
const MISFIT_MS = 200;

/** mulberry32: the same seed gives the same inputs. */
function chanceOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  return { next, below, one: (list) => list[below(list.length)] };
}

const FIELDS =
  'model messages stream stream_options n stop temperature top_p max_tokens max_completion_tokens tools tool_choice response_format metadata user logit_bias seed functions function_call parallel_tool_calls reasoning_effort modalities audio __proto__ constructor toString'.split(
    ' ',
  );
const WISHES = 'strategy tier task models max-cost timeout cache tags session experiment events debug role'.split(' ');
const PATHS =
  '/v1/chat/completions /v1/route /v1/models /v1/models/alpha /v1/feedback /v1/requests/x /v1/capabilities /v1/estimate /v1/spend /v1/embeddings /v1/moderations /v1/completions /v1/files /admin/v1/keys /livez /metrics /ui/ /openapi.json / /v1 /v1/../admin /v1/%2e%2e/x /v1/files/%00 //x'.split(
    ' ',
  );
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

function junk(chance, depth = 0) {
  const nested = depth < 4 ? chance.below(14) : chance.below(11);
  switch (nested) {
    case 0:
      return null;
    case 1:
      return chance.next() < 0.5;
    case 2:
      return chance.below(2 ** 31) - 2 ** 30;
    case 3:
      return chance.one([1e308, -0, 0.1, 1e-9, 2 ** 53, -1]);
    case 4:
      return '';
    case 5:
      return chance.one([
        'auto',
        'quorum/triple',
        'alpha',
        'user',
        'assistant',
        'function',
        '\u0000',
        '\ud800',
        '🙂'.repeat(9),
      ]);
    case 6:
      return 'x'.repeat(chance.below(300));
    case 7:
      return [];
    case 8:
      return {};
    case 9:
      return String.fromCharCode(...Array.from({ length: chance.below(20) }, () => chance.below(0xffff)));
    case 10:
      return chance.one(['1', 'true', 'null', 'data:image/png;base64,AA==', 'https://example.com/a.png', '[DONE]']);
    case 11:
      return Array.from({ length: chance.below(4) }, () => junk(chance, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: chance.below(4) }, () => [
          chance.one([...FIELDS, 'role', 'content', 'type', 'text', 'name']),
          junk(chance, depth + 1),
        ]),
      );
  }
}

function chatOf(chance) {
  const message = {
    role: chance.one(['user', 'user', 'system', 'tool', 'x']),
    content: chance.one(['Hi', '', junk(chance)]),
  };
  const body = { model: chance.one(['alpha', 'auto', 'nobody', junk(chance)]), messages: [message] };
  for (let times = chance.below(4); times > 0; times--) body[chance.one(FIELDS)] = junk(chance);
  return JSON.stringify(body);
}

/** Bytes that are cut, changed or nothing at all. */
function broken(chance, text) {
  const bytes = Buffer.from(text);
  switch (chance.below(4)) {
    case 0:
      return bytes.subarray(0, chance.below(bytes.length + 1));
    case 1:
      for (let times = 1 + chance.below(5); times > 0; times--) bytes[chance.below(bytes.length)] = chance.below(256);
      return bytes;
    case 2:
      return Buffer.from(Array.from({ length: chance.below(200) }, () => chance.below(256)));
    default:
      return Buffer.from(
        chance.one(['[', '{"a":'.repeat(300), '[['.repeat(2_000), '"', 'null', '[]', '1', '{"model":"alpha"}']),
      );
  }
}

const latin1 = (chance, most) =>
  String.fromCharCode(
    ...Array.from({ length: chance.below(most) }, () => 0x20 + chance.below(0x5f) + (chance.next() < 0.1 ? 0x80 : 0)),
  );

/** A request that HTTP can carry, whatever is in it. */
function framed(chance) {
  const isChat = chance.next() < 0.7;
  const path = isChat ? '/v1/chat/completions' : chance.one(PATHS);
  const method = isChat ? 'POST' : chance.one(METHODS);
  const text = chatOf(chance);
  const body = chance.next() < 0.35 ? broken(chance, text) : Buffer.from(text);
  const headers = [`host: q`, `content-length: ${body.length}`];
  headers.push(`content-type: ${chance.next() < 0.9 ? 'application/json' : latin1(chance, 20).trim() || 'x'}`);
  if (chance.next() < 0.2)
    headers.push(
      `x-quorum-${chance.one(WISHES)}: ${chance.one(['1ms', '-1', 'dual', 'only', 'off', latin1(chance, 30)])}`,
    );
  if (chance.next() < 0.05) headers.push(`authorization: ${latin1(chance, 40)}`);
  if (chance.next() < 0.02) headers.push(`idempotency-key: ${latin1(chance, 30)}`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** What no parser of HTTP should take: on a connection of its own. */
function unframed(chance) {
  const bytes = Buffer.from(framed(chance));
  const head = bytes.indexOf('\r\n\r\n');
  for (let times = 1 + chance.below(4); times > 0; times--) bytes[chance.below(head + 2)] = chance.below(256);
  return bytes;
}

/** The next answer in the bytes: where it ends, its status and body; null while it isn't whole. */
function answerIn(bytes) {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const text = bytes.toString('latin1', 0, head).toLowerCase();
  const status = Number(text.slice(9, 12));
  const start = head + 4;
  if (status === 204 || status === 304)
    return { status, body: '', end: start, closes: text.includes('connection: close') };
  const closes = text.includes('connection: close');
  const length = /\r\ncontent-length: (\d+)/.exec(text)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? null : { status, body: bytes.toString('utf8', start, end), end, closes };
  }
  const chunked = unchunked(bytes, start);
  return chunked === null ? null : { status, closes, ...chunked };
}

function unchunked(bytes, start) {
  const parts = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return null;
    if (size === 0) return { body: Buffer.concat(parts).toString(), end: end + 2 };
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}

const isShape = ({ status, body }) => {
  if (status >= 200 && status < 400) return true;
  try {
    const { error } = JSON.parse(body);
    return (
      typeof error.message === 'string' &&
      typeof error.type === 'string' &&
      (error.param === null || typeof error.param === 'string') &&
      (error.code === null || typeof error.code === 'string')
    );
  } catch {
    return false;
  }
};

/** Sends `count` inputs. Resolves with what came of them. */
export async function fuzz(url, { count, seed }) {
  const { hostname, port } = new URL(url);
  const alone = [];
  const found = { sent: 0, answered: 0, byStatus: new Map(), strange: [], again: 0, unanswered: 0 };
  const take = (answer, input) => {
    found.answered++;
    found.byStatus.set(answer.status, (found.byStatus.get(answer.status) ?? 0) + 1);
    if ((!isShape(answer) || answer.status === 500) && found.strange.length < 20)
      found.strange.push(`${answer.status} ${answer.body.slice(0, 200)} for ${input.toString('latin1').slice(0, 600)}`);
  };

  /** A kept connection until it closes or there is nothing more to send. */
  const lane = (chance) =>
    new Promise((resolve) => {
      const socket = createConnection({ host: hostname, port: Number(port) });
      const waiting = [];
      let held = Buffer.alloc(0);
      socket.setTimeout(PATIENCE_MS, () => socket.destroy());
      const fill = () => {
        const batch = [];
        while (waiting.length < DEPTH && found.sent < count) {
          const input = framed(chance);
          found.sent++;
          waiting.push(input);
          batch.push(input);
        }
        if (batch.length > 0) socket.write(Buffer.concat(batch));
        else if (waiting.length === 0) socket.end();
      };
      socket.on('connect', fill);
      socket.on('data', (part) => {
        held = held.length === 0 ? part : Buffer.concat([held, part]);
        for (let answer = answerIn(held); answer !== null && waiting.length > 0; answer = answerIn(held)) {
          held = held.subarray(answer.end);
          take(answer, waiting.shift());
          if (!answer.closes) continue;
          // What was sent behind it isn't looked at any more: it is sent again.
          found.sent -= waiting.length;
          waiting.length = 0;
          socket.destroy();
          return;
        }
        if (waiting.length < DEPTH / 2) fill();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        // A connection that is cut takes along what was pipelined on it; asked alone, each has to get its answer.
        alone.push(...waiting);
        resolve();
      });
    });

  /** One connection for one input. Resolves with whether it was answered. */
  const single = (input, patienceMs) =>
    new Promise((resolve) => {
      let isAnswered = false;
      const socket = createConnection({ host: hostname, port: Number(port) });
      let held = Buffer.alloc(0);
      const hangUp = setTimeout(() => socket.destroy(), patienceMs);
      socket.on('data', (part) => {
        held = Buffer.concat([held, part]);
        const answer = answerIn(held);
        if (answer === null) return;
        isAnswered = true;
        take(answer, input);
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(hangUp);
        resolve(isAnswered);
      });
      socket.write(input);
    });

  /** Any clean answer will do, or none. */
  const misfit = (chance) => {
    found.sent++;
    return single(unframed(chance), MISFIT_MS);
  };

  const chances = Array.from({ length: CONNECTIONS }, (_, nth) => chanceOf(seed * 1_000 + nth));
  await Promise.all(
    chances.map(async (chance, nth) => {
      while (found.sent < count) await (nth === 0 ? misfit(chance) : lane(chance));
    }),
  );
  found.again = alone.length;
  for (const input of alone) {
    if (await single(input, PATIENCE_MS)) continue;
    found.unanswered++;
    found.strange.push(`no answer to ${input.toString('latin1').slice(0, 600)}`);
  }
  return found;
}
