// Compares three sets of books: the ledger's, the upstream's, and what the clients were told.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { charged, MAX_OUTPUT, PRICES, scriptOf } from './script.mjs';

/** Balances and entries as they lie in the file. */
export async function readLedger(dist, path) {
  const { openDatabase } = await import(pathToFileURL(join(dist, 'store/sqlite/database.js')).href);
  const db = openDatabase(path, { busyMs: 2_000 });
  try {
    const entries = db
      .prepare('SELECT seq, kind, amount, call, user, model, flag, allowances FROM entries ORDER BY seq')
      .all();
    const balances = db.prepare('SELECT * FROM balances').all();
    const holds = db.prepare('SELECT count(*) AS count FROM hold_journal').first().count;
    return {
      entries: entries.map((entry) => ({ ...entry, allowances: JSON.parse(entry.allowances) })),
      balances: balances.map(({ allowance, ...rest }) => ({ ...rest, allowance: JSON.parse(allowance) })),
      holds,
    };
  } finally {
    db.close();
  }
}

/** What is wrong with the ledger by itself, in words. */
export function auditLedger({ entries, balances, holds }) {
  const wrong = [];
  if (holds !== 0) wrong.push(`${holds} holds are left`);
  const sums = new Map();
  for (const { amount, allowances, kind } of entries)
    if (kind === 'charge' || kind === 'correction')
      for (const id of allowances) sums.set(id, (sums.get(id) ?? 0) + amount);
  for (const { id, posted, held, topped, allowance } of balances) {
    const name = `${allowance.scope} ${allowance.subject ?? ''}`;
    if (held !== 0) wrong.push(`${name}: ${held} still held`);
    if (posted > allowance.limit + topped) wrong.push(`${name}: ${posted} spent of ${allowance.limit + topped}`);
    if (posted !== (sums.get(id) ?? 0)) wrong.push(`${name}: ${posted} posted, entries say ${sums.get(id) ?? 0}`);
  }
  const calls = new Set();
  for (const { call, kind } of entries) {
    if (kind === 'charge' && calls.has(call)) wrong.push(`${call} was charged twice`);
    calls.add(call);
  }
  return wrong;
}

const sumOf = (rows, of) => rows.reduce((sum, row) => sum + of(row), 0);

/** Call by call, by mark and model: where the upstream told its usage to the end, and where nobody could. */
export function compare(entries, books) {
  const pairs = new Map();
  const pairOf = (mark, model) => {
    const name = `${mark} ${model}`;
    if (!pairs.has(name)) pairs.set(name, { name, ledger: [], upstream: [] });
    return pairs.get(name);
  };
  for (const entry of entries) pairOf(entry.user, entry.model).ledger.push(entry);
  for (const line of books) pairOf(line.mark, line.model).upstream.push(line);
  const result = {
    told: { calls: 0, ledger: 0, upstream: 0 },
    untold: { calls: 0, ledger: 0, upstream: 0 },
    crossed: 0,
    wrong: [],
  };
  for (const { name, ledger, upstream } of pairs.values()) {
    const [ours, theirs] = [sumOf(ledger, ({ amount }) => amount), sumOf(upstream, ({ cost }) => cost)];
    const estimated = ledger.some(({ flag }) => flag === 'estimated');
    const untold = estimated || upstream.some(({ how }) => !isTold(how));
    const isLossy = upstream.some(({ mayCost }) => mayCost > 0);
    const kind = untold ? result.untold : result.told;
    kind.calls += upstream.length;
    kind.ledger += ours;
    kind.upstream += theirs;
    // Quorum hung up while the last bytes were on their way: the upstream thinks that it told its usage.
    if (estimated && !isLossy && upstream.every(({ how }) => isTold(how))) result.crossed += 1;
    else if (!untold && ours !== theirs) result.wrong.push(`${name}: the ledger says ${ours}, the upstream ${theirs}`);
    else if (untold && !isBetween(ours, upstream))
      result.wrong.push(
        `${name}: the ledger says ${ours}, the upstream ${theirs} (${upstream.map(({ how, sent, stream }) => `${stream ? 'stream' : 'whole'} ${how} ${sent}`).join(', ') || 'never saw it'})`,
      );
  }
  return result;
}

const isTold = (how) => how === 'told' || /^(status|reset|broken|garbage)/.test(how ?? '');

/** What was received is at least nothing and at most all that was sent; a cut may look like a reset from the other side. */
function isBetween(amount, upstream) {
  const least = sumOf(upstream, ({ how, cost, model, sent }) =>
    how === 'told' ? cost : how === 'cut' ? 0 : Math.max(0, cost - outputCost(model, sent)),
  );
  const most = sumOf(upstream, ({ cost, mayCost }) => cost + mayCost);
  return amount >= least - upstream.length && amount <= most;
}
const outputCost = (model, tokens) => charged(model, { input: 0, output: tokens });

/** Tokens that a request's input is at the most, as far as a tokenizer can tell for a foreign model. */
const inputs = new Map();
const inputOf = (body) => inputs.get(body);
async function countInputs(dist, wishes) {
  const { countTokens } = await import(pathToFileURL(join(dist, 'accounts/index.js')).href);
  for (const { body } of wishes) inputs.set(body, await countTokens(JSON.parse(body), false));
}

/** Nano-dollars that a plan can cost at the most by the request's own limits, its input counted or, quicker, by its bytes. */
function atMost({ kind, models, maxTokens, body }, input = inputOf(body)) {
  const output = Math.min(maxTokens ?? MAX_OUTPUT, MAX_OUTPUT);
  // What a judge reads of each answer, as docs/budgets.md says.
  const reads = kind === 'council' ? Math.min(24_000, output * 6 + 64) * models.length : 0;
  const of = (model, read, tokens) => {
    const price = PRICES[model];
    return (
      charged(model, { input: input + read, output: 0 }) +
      Math.ceil(tokens * Math.max(price.output, price.reasoning) * 1e3)
    );
  };
  const members = sumOf(models, (model) => of(model, 0, output));
  if (kind !== 'council') return members;
  return members + sumOf(models, (model) => of(model, reads, 1_024)) + of('clever', reads, output);
}

/** A request counts as in flight this long before its first call reaches the upstream, and after its client has gone. */
const LAG_MS = 500;

/** What each request came to, from when to when it was in flight, and what it could have cost. */
function storiesOf({ told, wishes, books }) {
  const endedAt = new Map(told.map((one) => [one.mark, one.endedAt]));
  const wishOf = new Map(wishes.map((wish) => [wish.mark, wish]));
  const stories = new Map();
  for (const { mark, at, endedAt: callEndedAt, cost, mayCost } of books) {
    const story = stories.get(mark) ?? {
      key: wishOf.get(mark).key,
      wish: wishOf.get(mark),
      at,
      endedAt: endedAt.get(mark),
      came: 0,
    };
    stories.set(mark, story);
    story.at = Math.min(story.at, at);
    story.endedAt = Math.max(story.endedAt, callEndedAt ?? Infinity);
    story.came += cost + mayCost;
  }
  return [...stories.values()].toSorted((one, other) => one.at - other.at);
}

/**
 * Refusals though the money was there: spent + in flight + this request < limit, over every budget of the key. A request for one
 * model counts at what it would truly have cost; a plan of several at its most. What is in flight counts at what it came to in the
 * end; where the client was only told to come again, at what it could have cost: that is what nobody knew yet.
 */
export async function falseRefusals(dist, run, limits, faults, hindsight = false) {
  await countInputs(dist, run.wishes);
  const wishOf = new Map(run.wishes.map((wish) => [wish.mark, wish]));
  const stories = storiesOf(run);
  const found = [];
  for (const refusal of run.told) {
    const code = refusal.error?.code ?? '';
    if (!/^(budget_(exceeded|held)|request_exceeds)/.test(code)) continue;
    const wish = wishOf.get(refusal.mark);
    const lagMs = code === 'budget_held' && !hindsight ? LAG_MS : 0;
    const need = wish.kind === 'single' ? trueCost(wish, faults) : atMost(wish);
    const room = { key: limits.key, team: limits.team, all: limits.all };
    for (const { key, at, endedAt, came, wish: other } of stories) {
      if (at > refusal.endedAt + lagMs) break;
      const isOpen = lagMs > 0 && endedAt > refusal.endedAt - lagMs;
      const cost = isOpen ? atMost(other, other.body.length) : came;
      room.all -= cost;
      if (key.team === wish.key.team) room.team -= cost;
      if (key.id === wish.key.id) room.key -= cost;
    }
    const least = Math.min(room.key, room.team, room.all);
    if (need < least) {
      const { mark, sentAt, endedAt, error } = refusal;
      const { kind, stream, maxTokens, models } = wish;
      const afterMs = Math.round(endedAt - sentAt);
      found.push({
        mark,
        afterMs,
        code: error.code,
        kind,
        stream,
        maxTokens,
        models,
        need,
        room: least,
        details: error.details,
      });
    }
  }
  return found;
}

/** Tokens; an answer that would have to be shorter for want of money isn't begun. */
const SHORTEST = 16;

/** What a request for one model would have cost had it been let in. */
function trueCost({ mark, models, maxTokens, body }, faults) {
  const { outputTokens, fault } = scriptOf(mark, models[0], 0, faults);
  const input = inputOf(body);
  if (/^\d|reset|garbage/.test(fault ?? '')) return 0;
  return charged(models[0], { input, output: Math.min(Math.max(outputTokens, SHORTEST), maxTokens ?? MAX_OUTPUT) });
}
