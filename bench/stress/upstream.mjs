// Three providers in one process, each on a port of its own: well, dead, stalled, failing or talking garbage, as told, with books of what they saw.
import { createServer } from 'node:http';

const PROVIDERS = 3;
const now = () => performance.timeOrigin + performance.now();
const state = Array.from({ length: PROVIDERS }, () => ({
  mode: 'well',
  latencyMs: 20,
  chunks: 5,
  everyMs: 10,
  chunkBytes: 40,
  holdMs: 0,
}));
/** `seen`: under which name of a model each tagged request called first; `mixed`: tags with more than one. */
const emptyBooks = () => ({ calls: Array(PROVIDERS).fill(0), most: inside, closed: [] });
let seen = new Map();
let mixed = new Set();
let inside = 0;
let books = emptyBooks();

const completion = (content) =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
  });
const event = (choice, more = {}) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice], ...more })}\n\n`;
const END = `${event({ index: 0, delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`;

function stream(response, { chunks, everyMs, chunkBytes, holdMs }) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const piece = event({ index: 0, delta: { content: 'x'.repeat(chunkBytes) }, finish_reason: null });
  let sent = 0;
  let timer = null;
  const next = () => {
    if (response.destroyed) return;
    if (sent++ >= chunks) {
      timer = setTimeout(() => response.end(END), holdMs);
      return;
    }
    if (response.write(piece)) timer = setTimeout(next, everyMs);
    else response.once('drain', next);
  };
  response.once('close', () => clearTimeout(timer));
  next();
}

function answer(provider, body, response) {
  const { mode, latencyMs } = provider;
  switch (mode) {
    case 'dead':
      response.socket.resetAndDestroy();
      return;
    case 'stalled':
      return;
    case 'failing':
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"out of order"}}');
      return;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('<!doctype html>{{{');
      return;
    default:
  }
  const timer = setTimeout(() => {
    if (body.stream === true) stream(response, provider);
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(completion('yes'));
    }
  }, latencyMs);
  response.once('close', () => clearTimeout(timer));
}

/** What is passed through may be anything. */
function bodyIn(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const servers = state.map((provider, place) =>
  createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const tag = /tag-(\w+)/.exec(text)?.[1] ?? null;
      books.calls[place]++;
      books.most = Math.max(books.most, ++inside);
      response.once('close', () => {
        inside--;
        if (!response.writableFinished && tag !== null) books.closed.push([tag, now()]);
      });
      const body = bodyIn(text);
      if (tag !== null) {
        const first = seen.get(tag) ?? seen.set(tag, body.model).get(tag);
        if (first !== body.model) mixed.add(tag);
      }
      answer(provider, body, response);
    });
  }),
);
for (const server of servers) server.keepAliveTimeout = 60_000;

await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))));
process.on('message', (message) => {
  if (message === 'books') {
    process.send({ ...books, inside, mixed: mixed.size, generations: new Set(seen.values()).size });
    return;
  }
  if (message === 'new books') {
    books = emptyBooks();
    seen = new Map();
    mixed = new Set();
  } else for (const [place, change] of message) Object.assign(state[place], change);
  process.send('done');
});
process.on('disconnect', () => process.exit(0));
process.send(servers.map((server) => server.address().port));
