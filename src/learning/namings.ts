// What callers call their requests: counts by tenant, task and trait, which tell the task of those that come without a name.
import { TRAIT_SLOTS, type LearningStore, type Named, type Namings } from '../contract/index.ts';

/** Requests with a name that are read again after a start. */
const REMEMBERED = 8_192;
/** So often is a task named before it counts. */
const ENOUGH = 10;
/** The tenants that named one last; a megabyte each at the most. */
const MOST_TENANTS = 8;
/** Of one tenant; later ones aren't learnt. */
const MOST_TASKS = 16;
/** Of one tenant; then all that was counted is halved. */
const MOST_REQUESTS = 4_096;
/** What is counted is worked out anew when it has grown by so much. */
const GROWTH = 0.05;
/** Share of all requests in which a trait stands that is seen nowhere else. */
const ANYWHERE = 0.02;
/** In how many requests a trait is seen where it counts half. */
const HALF = 0.5;
/** What one trait says at the most, for a task and against it; below `LEAST` for all of them it isn't looked at. */
const [MOST_FOR, MOST_AGAINST, LEAST] = [3, 0.6, 0.1];

export interface NamingBooks {
  /** Reads on where it stopped; what was read once isn't read again. */
  readOn(): void;
  /** null: fewer than two tasks were named often enough. */
  of(tenant: string): Namings | null;
}

export function createNamings(store: Pick<LearningStore, 'named'>): NamingBooks {
  const books = new Map<string, Book>();
  let lastSeq = 0;
  return {
    readOn() {
      for (const named of store.named(lastSeq, REMEMBERED)) {
        lastSeq = named.seq;
        const book = books.get(named.tenant) ?? createBook();
        book.add(named);
        books.delete(named.tenant);
        books.set(named.tenant, book);
        if (books.size > MOST_TENANTS) books.delete(books.keys().next().value!);
      }
    },
    of: (tenant) => books.get(tenant)?.read() ?? null,
  };
}

interface Book {
  add(named: Named): void;
  read(): Namings | null;
}

interface Column {
  readonly task: string;
  requests: number;
  /** By slot: in how many of them. */
  readonly counts: Uint16Array;
}

function createBook(): Book {
  const columns: Column[] = [];
  let known: Namings | null = null;
  let total = 0;
  let fresh = 0;

  const columnOf = (task: string): Column | undefined => {
    const found = columns.find((column) => column.task === task);
    if (found !== undefined || columns.length === MOST_TASKS) return found;
    const column = { task, requests: 0, counts: new Uint16Array(TRAIT_SLOTS) };
    columns.push(column);
    return column;
  };
  const fade = (): void => {
    total /= 2;
    for (const column of columns) {
      column.requests /= 2;
      column.counts.forEach((count, slot) => (column.counts[slot] = count >> 1));
    }
  };

  return {
    add({ task, slots }) {
      const column = columnOf(task);
      if (column === undefined) return;
      column.requests += 1;
      for (const slot of slots) column.counts[slot]! += 1;
      fresh += 1;
      total += 1;
      if (total >= MOST_REQUESTS) fade();
    },
    read() {
      if (fresh > 0 && fresh >= (total - ENOUGH * MOST_TASKS) * GROWTH) {
        fresh = 0;
        known = namingsOf(columns);
      }
      return known;
    },
  };
}

/**
 * Naive Bayes over the presence of traits: how much likelier one is in a task's requests than in those of the other named
 * tasks, or where that is more than in any request; shrunk by how seldom it was seen.
 */
function namingsOf(columns: readonly Column[]): Namings | null {
  const told = columns.filter(({ requests }) => requests >= ENOUGH);
  if (told.length < 2) return null;
  const all = told.reduce((sum, { requests }) => sum + requests, 0);
  const width = told.length;
  const rows = new Int16Array(TRAIT_SLOTS).fill(-1);
  const weights: number[] = [];
  // Loops: it is done anew while requests wait.
  for (let slot = 0; slot < TRAIT_SLOTS; slot += 1) {
    let seen = 0;
    for (let nth = 0; nth < width; nth += 1) seen += told[nth]!.counts[slot]!;
    if (seen === 0) continue;
    let most = 0;
    for (let nth = 0; nth < width; nth += 1) {
      const { requests, counts } = told[nth]!;
      const elsewhere = Math.max(ANYWHERE, (seen - counts[slot]!) / (all - requests));
      const here = (counts[slot]! + elsewhere) / (requests + 1);
      const says = (Math.log(here / elsewhere) * seen) / (seen + HALF);
      weights.push(Math.max(-MOST_AGAINST, Math.min(MOST_FOR, says)));
      most = Math.max(most, Math.abs(says));
    }
    if (most < LEAST) weights.length -= width;
    else rows[slot] = weights.length / width - 1;
  }
  return { tasks: told.map(({ task }) => task), rows, weights: Float32Array.from(weights) };
}
