// What callers call their requests: counts by tenant, task and trait, which tell the task of those that come without a name.
import { TRAIT_SLOTS, type Named, type Namings } from '../contract/index.ts';

/** So often is a task named before it counts. */
const ENOUGH = 10;
/** The tenants that named one last. */
const MOST_TENANTS = 16;
/** Of one tenant; beyond it everything fades by half, and what is then below one goes. */
const MOST_SLOTS = 4_096;
/** Share of all requests in which a trait stands that is seen nowhere else. */
const ANYWHERE = 0.02;
/** In how many requests a trait is seen where it counts half. */
const HALF = 0.5;
/** What one trait says at the most, for a task and against it; below `LEAST` for all of them it isn't looked at. */
const [MOST_FOR, MOST_AGAINST, LEAST] = [3, 0.6, 0.1];

export interface NamingBooks {
  observe(named: Named): void;
  /** null: fewer than two tasks were named often enough. */
  of(tenant: string): Namings | null;
}

export function createNamings(): NamingBooks {
  const books = new Map<string, Book>();
  return {
    observe(named) {
      const book = books.get(named.tenant) ?? createBook();
      book.add(named);
      books.delete(named.tenant);
      books.set(named.tenant, book);
      if (books.size > MOST_TENANTS) books.delete(books.keys().next().value!);
    },
    of: (tenant) => books.get(tenant)?.read() ?? null,
  };
}

interface Book {
  add(named: Named): void;
  /** Worked out anew when something was added. */
  read(): Namings | null;
}

interface Column {
  readonly task: string;
  requests: number;
}

function createBook(): Book {
  const columns: Column[] = [];
  /** By slot, in how many requests of each column. */
  let rows = new Map<number, number[]>();
  let known: Namings | null | undefined;

  const columnOf = (task: string): number => {
    const at = columns.findIndex((column) => column.task === task);
    if (at >= 0) return at;
    for (const row of rows.values()) row.push(0);
    return columns.push({ task, requests: 0 }) - 1;
  };
  const fade = (): void => {
    for (const column of columns) column.requests /= 2;
    const faded = [...rows].map(([slot, row]) => [slot, row.map((count) => count / 2)] as const);
    rows = new Map(faded.filter(([, row]) => row.some((count) => count >= 1)));
  };

  return {
    add({ task, slots }) {
      known = undefined;
      const at = columnOf(task);
      columns[at]!.requests += 1;
      for (const slot of slots) {
        const row = rows.get(slot) ?? columns.map(() => 0);
        row[at]! += 1;
        rows.set(slot, row);
      }
      if (rows.size > MOST_SLOTS) fade();
    },
    read() {
      if (known === undefined) known = namingsOf(columns, rows);
      return known;
    },
  };
}

/**
 * Naive Bayes over the presence of traits: how much likelier one is in a task's requests than in those of the other named
 * tasks, or where that is more than in any request; shrunk by how seldom it was seen.
 */
function namingsOf(columns: readonly Column[], counts: ReadonlyMap<number, readonly number[]>): Namings | null {
  const told = columns.flatMap(({ task, requests }, at) => (requests >= ENOUGH ? [{ task, requests, at }] : []));
  if (told.length < 2) return null;
  const all = told.reduce((sum, { requests }) => sum + requests, 0);
  const rows = new Int16Array(TRAIT_SLOTS).fill(-1);
  const weights = new Float32Array(counts.size * told.length);
  let used = 0;
  // Loops: it is done anew while requests wait.
  for (const [slot, row] of counts) {
    let seen = 0;
    for (const { at } of told) seen += row[at]!;
    let most = 0;
    for (let nth = 0; nth < told.length; nth += 1) {
      const { requests, at } = told[nth]!;
      const elsewhere = Math.max(ANYWHERE, (seen - row[at]!) / (all - requests));
      const here = (row[at]! + elsewhere) / (requests + 1);
      const says = (Math.log(here / elsewhere) * seen) / (seen + HALF);
      weights[used * told.length + nth] = Math.max(-MOST_AGAINST, Math.min(MOST_FOR, says));
      most = Math.max(most, Math.abs(says));
    }
    if (most >= LEAST) rows[slot] = used++;
  }
  return { tasks: told.map(({ task }) => task), rows, weights };
}
