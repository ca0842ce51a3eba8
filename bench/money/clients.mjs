// The clients: what they ask, when they leave, and what they were told.
import { Agent, request } from 'node:http';
import { hash, MODELS } from './script.mjs';

const WORDS = 'tides parcels recipes minutes contracts concerts headphones databases lentils figures'.split(' ');

/** Everything about one request, fixed by its mark. */
export function wishOf(mark, keys, faults) {
  const pick = (what, of) => of[hash(`${mark} ${what}`) % of.length];
  const chance = (what) => hash(`${mark} ${what}`) / 2 ** 32;
  const kind = pick('kind', ['single', 'single', 'single', 'single', 'dual', 'triple', 'cascade', 'council']);
  const count = { single: 1, dual: 2, triple: 3, cascade: 2, council: 3 }[kind];
  const from = hash(`${mark} model`) % MODELS.length;
  const models = Array.from({ length: count }, (_, nth) => MODELS[(from + nth) % MODELS.length]);
  const maxTokens = chance('limited') < 0.6 ? 8 + (hash(`${mark} limit`) % 120) : null;
  const words = Array.from({ length: 5 + (hash(`${mark} words`) % 40) }, (_, nth) => pick(`word ${nth}`, WORDS));
  const stream = chance('stream') < 0.5;
  const body = JSON.stringify({
    model: kind === 'single' ? models[0] : `quorum/${kind}`,
    messages: [{ role: 'user', content: `[${mark}] What of ${words.join(' ')}? A number will do.` }],
    user: mark,
    ...(maxTokens !== null && { [pick('name', ['max_tokens', 'max_completion_tokens'])]: maxTokens }),
    ...(stream && { stream: true }),
    ...(stream && chance('usage') < 0.3 && { stream_options: { include_usage: true } }),
  });
  const leaves = chance('leaves') < faults ? pick('when', ['before', 'middle', 'last']) : null;
  return {
    mark,
    key: pick('key', keys),
    kind,
    models,
    maxTokens,
    stream,
    body,
    leaves,
    afterMs: hash(`${mark} after`) % 40,
  };
}

const newAgent = () => new Agent({ keepAlive: true, maxSockets: Infinity });
const now = () => performance.timeOrigin + performance.now();

/** Never rejects: what became of it. `status` 0: it left, or the connection broke. */
function ask(url, wish, agent) {
  return new Promise((resolve) => {
    const told = {
      mark: wish.mark,
      sentAt: now(),
      endedAt: 0,
      status: 0,
      id: null,
      error: null,
      cost: null,
      left: false,
      flags: '',
    };
    const outgoing = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent,
      headers: {
        authorization: `Bearer ${wish.key.secret}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(wish.body),
        ...(wish.kind !== 'single' && { 'x-quorum-models': wish.models.join(',') }),
      },
    });
    const over = () => {
      if (told.endedAt === 0) resolve({ ...told, endedAt: (told.endedAt = now()) });
    };
    const leave = () => {
      told.left = true;
      outgoing.destroy();
      over();
    };
    if (wish.leaves === 'before') setTimeout(leave, wish.afterMs);
    outgoing.on('error', over);
    outgoing.on('response', (answer) => {
      told.status = answer.statusCode;
      told.id = answer.headers['x-request-id'];
      told.cost = answer.headers['x-quorum-cost-usd'] ?? null;
      told.flags = answer.headers['x-quorum-flags'] ?? '';
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => {
        text += part;
        if (wish.leaves === 'middle' && told.status === 200) leave();
        else if (wish.leaves === 'last' && (text.includes('[DONE]') || (!wish.stream && text.endsWith('}')))) leave();
      });
      answer.on('error', over);
      answer.on('close', () => {
        if (told.status !== 200) {
          try {
            told.error = JSON.parse(text).error;
          } catch {
            told.error = { code: 'unreadable', message: text.slice(0, 200) };
          }
        }
        told.complete = told.status === 200 && (wish.stream ? text.includes('[DONE]') : text.endsWith('}'));
        over();
      });
    });
    outgoing.end(wish.body);
  });
}

/** `clients` at once until all of `wishes` is asked or `until` says stop. */
export async function askAll(url, wishes, clients, { stopped = () => false, onTold = () => {} } = {}) {
  const agent = newAgent();
  const all = [];
  let next = 0;
  const client = async (nth) => {
    while (next < wishes.length && !stopped()) {
      const wish = wishes[next++];
      const told = await ask(Array.isArray(url) ? url[nth % url.length] : url, wish, agent);
      all.push(told);
      onTold(told, wish);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, nth) => client(nth)));
  agent.destroy();
  return all;
}
