// What `quorum start` would stand on here: its database file and its address, neither of them changed by looking.
import { createServer } from 'node:http';
import { listen } from '../compose/listen.ts';
import { inspectDatabase, pathOf, StoreError } from '../store/index.ts';
import { answers, urlOf } from './running.ts';

export interface DatabaseReport {
  readonly file: string;
  readonly status: 'ready' | 'older' | 'new' | 'memory' | 'unusable';
  readonly detail: string;
}

export interface AddressReport {
  readonly host: string;
  readonly port: number;
  /** quorum: the program runs there already, which is no fault. */
  readonly status: 'free' | 'quorum' | 'taken';
  readonly detail: string;
}

const STATE = {
  ready: 'ready',
  older: 'of an older version: brought up to date at the start',
  new: 'made at the start',
  memory: 'gone when the program ends',
} as const;

export function lookAtDatabase(url: string): DatabaseReport {
  const file = pathOf(url);
  try {
    const { file: path, state } = inspectDatabase(file);
    return { file: path, status: state, detail: STATE[state] };
  } catch (failure) {
    if (!(failure instanceof StoreError)) throw failure;
    return { file, status: 'unusable', detail: failure.message };
  }
}

/** Listens there for a moment; who is there already is asked whether it is Quorum. */
export async function lookAtAddress(host: string, port: number): Promise<AddressReport> {
  const server = createServer();
  try {
    await listen(server, host, port);
    return { host, port, status: 'free', detail: port === 0 ? 'any free port' : 'free' };
  } catch (failure) {
    if (await answers(urlOf(host, String(port)))) return { host, port, status: 'quorum', detail: 'Quorum runs there' };
    return { host, port, status: 'taken', detail: (failure as Error).message };
  } finally {
    server.close();
  }
}

/** `  ok database  FILE: ready`; what is in the way names its place itself. */
export function groundLines(database: DatabaseReport, { host, port, status, detail }: AddressReport): string[] {
  return [
    'Here',
    database.status === 'unusable'
      ? `  !! database  ${database.detail}`
      : `  ok database  ${database.file}: ${database.detail}`,
    status === 'taken' ? `  !! address   ${detail}` : `  ok address   ${host}:${port}: ${detail}`,
  ];
}
