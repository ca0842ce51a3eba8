// Answers that somebody should look at: disputed ones and those that Quorum isn't sure of, newest first, one page at a time.
import {
  QuorumError,
  type Page,
  type RequestFilter,
  type RequestLog,
  type RequestRecord,
} from '../../contract/index.ts';

const FLAGS = ['disputed', 'low_confidence'] as const;

/** How far one flag's list was read; null: to its end. */
type Place = { readonly cursor: string | null } | null;

/** The log lists by one flag at a time, so two lists are merged; the cursor holds a place in each. */
export async function listForReview(
  requests: RequestLog,
  filter: RequestFilter,
  limit: number,
  cursor: string | null,
): Promise<Page<RequestRecord>> {
  const places = cursor === null ? FLAGS.map(() => ({ cursor: null })) : readPlaces(cursor);
  const pages = await Promise.all(
    FLAGS.map((flag, list) => pageAt(requests, { ...filter, flag }, limit, places[list] ?? null)),
  );
  const rows = pages
    .flatMap((page, list) =>
      page.rows.filter((record) => FLAGS.findIndex((flag) => record.flags.includes(flag)) === list),
    )
    .sort((one, other) => (isNewer(one, other) ? -1 : 1))
    .slice(0, limit);
  const last = rows.at(-1);
  if (last === undefined) return { rows, cursor: null };
  const next = await Promise.all(
    FLAGS.map(async (flag, list): Promise<Place> => {
      const { rows: read, cursor: after } = pages[list]!;
      const taken = read.filter((record) => !isNewer(last, record)).length;
      if (taken === 0) return read.length === 0 ? null : (places[list] ?? null);
      if (taken === read.length) return after === null ? null : { cursor: after };
      return { cursor: (await pageAt(requests, { ...filter, flag }, taken, places[list] ?? null)).cursor };
    }),
  );
  return { rows, cursor: next.every((place) => place === null) ? null : writePlaces(next) };
}

function pageAt(
  requests: RequestLog,
  filter: RequestFilter,
  limit: number,
  place: Place,
): Promise<Page<RequestRecord>> {
  return place === null ? Promise.resolve({ rows: [], cursor: null }) : requests.list(filter, limit, place.cursor);
}

const isNewer = (one: RequestRecord, other: RequestRecord): boolean =>
  one.at > other.at || (one.at === other.at && one.id > other.id);

const writePlaces = (places: readonly Place[]): string => Buffer.from(JSON.stringify(places)).toString('base64url');

function readPlaces(cursor: string): readonly Place[] {
  try {
    const places: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(places) && places.length === FLAGS.length && places.every(isPlace)) return places;
  } catch {
    // Said below.
  }
  throw new QuorumError('invalid_value', "'cursor' is what an earlier page gave as next_cursor.", { param: 'cursor' });
}

function isPlace(value: unknown): value is Place {
  if (value === null) return true;
  const cursor = (value as { readonly cursor?: unknown }).cursor;
  return cursor === null || typeof cursor === 'string';
}
