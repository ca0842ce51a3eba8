// The documented exchanges in test/upstream/fixtures: what is asked, what is sent, what comes back, what it becomes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Completion, Model, Provider } from '../../../src/contract/index.ts';
import { dialectOf, type Translator } from '../../../src/upstream/dialect/index.ts';
import { EVERY_KEY, settle } from '../../config/support.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly kind: string;
  readonly retryAfterMs?: number;
  /** The status that the failure has, where the answer's is another. */
  readonly becomes?: number;
  /** The body that the client gets. */
  readonly told?: unknown;
}

export interface Fixture {
  readonly name: string;
  /** The page of documentation that it was written after. */
  readonly source: string;
  /** Of the catalog. */
  readonly model: string;
  readonly request?: Fields;
  readonly sends?: Fields;
  readonly answers?: Fields;
  /** A file with the bytes of a stream. */
  readonly stream?: string;
  readonly gives?: Fields;
  /** USD. */
  readonly costs?: number;
  /** In the band. */
  readonly error?: Fields;
  /** Before anything was said. */
  readonly fails?: { readonly kind: string; readonly status: number };
  readonly failures?: readonly Failure[];
}

const FOLDER = join(import.meta.dirname, '../fixtures');
export const bytesOf = (file: string): Buffer => readFileSync(join(FOLDER, file));

export const fixtures: readonly Fixture[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ name: file.slice(0, -5), ...(JSON.parse(bytesOf(file).toString()) as Omit<Fixture, 'name'>) }));

const { settings } = settle('', { env: EVERY_KEY });

export function modelOf({ model: name }: Pick<Fixture, 'model'>): { model: Model; provider: Provider } {
  const model = settings.models.get(name)!;
  return { model, provider: settings.providers.get(model.provider)! };
}

export const NOW = 1_700_000_000_000;

function translatorOf(fixture: Pick<Fixture, 'model'>): Translator {
  const { model, provider } = modelOf(fixture);
  return dialectOf(provider).translate!({ model: model.upstreamModel, now: NOW });
}

/** The stream translated from pieces that end at `cuts`. */
export function translated(fixture: Pick<Fixture, 'model'>, bytes: Uint8Array, cuts: readonly number[] = []): Buffer {
  const translator = translatorOf(fixture);
  const ends = [...new Set([...cuts, bytes.length])].filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b);
  const out: Buffer[] = [];
  let start = 0;
  for (const end of ends) {
    out.push(translator.push(bytes.subarray(start, end)) ?? Buffer.alloc(0));
    start = end;
  }
  return Buffer.concat([...out, translator.end() ?? Buffer.alloc(0)]);
}

export function readWhole(fixture: Pick<Fixture, 'model'>, answer: unknown): { completion: Completion; bytes: Buffer } {
  const { model, provider } = modelOf(fixture);
  const bytes = Buffer.from(JSON.stringify(answer));
  return dialectOf(provider).readWhole(bytes, { model: model.upstreamModel, now: NOW });
}
