// The file that is imported, read through a cursor that remembers what was taken: what nobody took can be listed.

type Path = readonly (string | number)[];

export interface Left {
  readonly path: string;
  readonly reason: string;
}

export interface Cursor {
  readonly path: Path;
  readonly value: unknown;
  readonly isThere: boolean;
  at(...steps: Path): Cursor;
  /** Of a list; empty where there is none. */
  items(): readonly Cursor[];
  /** Of a map; empty where there is none. */
  entries(): readonly (readonly [string, Cursor])[];
  /** Taken when it is text, with `os.environ/X` as `${X}`; else null and still there to be listed. */
  text(): string | null;
  number(): number | null;
  flag(): boolean | null;
  /** Everything below it is taken. */
  take(): unknown;
  /** Everything below it that wasn't taken is listed with this reason. */
  leave(reason: string): void;
}

interface Leaves {
  readonly root: Cursor;
  readonly taken: () => readonly string[];
  readonly left: (reasonFor: (path: string) => string) => readonly Left[];
}

const ENVIRONMENT = /^os\.environ\/([A-Za-z_]\w*)$/;

/** As Quorum's config writes it: variables as `${X}`, and what only looks like one as it stands. */
export const asQuorumText = (text: string): string => {
  const variable = ENVIRONMENT.exec(text.trim())?.[1];
  return variable === undefined ? text.replaceAll('${', () => '$${') : `\${${variable}}`;
};

export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function leafPaths(value: unknown, path: Path): readonly Path[] {
  const below: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isMap(value)
      ? Object.entries(value)
      : [];
  return below.length === 0 ? [path] : below.flatMap(([step, each]) => leafPaths(each, [...path, step]));
}

/** A leaf is a scalar, or a list or map with nothing in it. */
export function readLeaves(data: unknown): Leaves {
  const state = new Map<string, { taken: boolean; reason: string | null }>();
  const all = leafPaths(data, []);
  for (const path of all) state.set(pathText(path), { taken: false, reason: null });

  function cursor(path: Path, value: unknown): Cursor {
    const below = (): readonly string[] => leafPaths(value, path).map(pathText);
    const take = (): unknown => {
      for (const leaf of below()) {
        const known = state.get(leaf);
        if (known !== undefined) known.taken = true;
      }
      return value;
    };
    const step = (from: unknown, one: string | number): unknown =>
      Array.isArray(from) ? from[Number(one)] : isMap(from) && Object.hasOwn(from, one) ? from[one] : undefined;
    return {
      path,
      value,
      isThere: value !== undefined && value !== null,
      at: (...steps) => cursor([...path, ...steps], steps.reduce<unknown>(step, value)),
      items: () => (Array.isArray(value) ? value.map((each: unknown, index) => cursor([...path, index], each)) : []),
      entries: () =>
        isMap(value) ? Object.entries(value).map(([key, each]) => [key, cursor([...path, key], each)]) : [],
      text: () => (typeof value === 'string' ? asQuorumText(take() as string) : null),
      number: () => (typeof value === 'number' ? (take() as number) : numberIn(value, take)),
      flag: () => (typeof value === 'boolean' ? (take() as boolean) : null),
      take,
      leave: (reason) => {
        for (const leaf of below()) {
          const known = state.get(leaf);
          if (known !== undefined) known.reason ??= reason;
        }
      },
    };
  }

  return {
    root: cursor([], data),
    taken: () => [...state].filter(([, { taken }]) => taken).map(([path]) => path),
    left: (reasonFor) =>
      [...state].flatMap(([path, { taken, reason }]) => (taken ? [] : [{ path, reason: reason ?? reasonFor(path) }])),
  };
}

function numberIn(value: unknown, take: () => unknown): number | null {
  if (typeof value !== 'string' || !/^\d+(\.\d+)?$/.test(value.trim())) return null;
  take();
  return Number(value);
}
