// The log: one line an event, as JSON or for people, redacted, gathered and written a few times a second.
import winston from 'winston';
import type { Clock, RequestRecord, Secret } from '../contract/index.ts';
import { plainOf } from './plain.ts';
import { createRedactor } from './redact.ts';
import { requestFields } from './request-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** An Error among the fields is told with its stack and causes. */
  error(message: string, fields?: LogFields): void;
  /** One line for a finished request: `error` from status 500, else `info`. */
  request(record: RequestRecord): void;
  /** What was asked and answered, where somebody wants that in the log. Long texts are cut; secrets are hidden as everywhere. */
  content(requestId: string, messages: unknown, answer: Uint8Array | null): void;
  /** A value that must not be seen although nothing about its looks says so. */
  hide(secret: Secret): void;
  /** Writes what is gathered, at once: also for the process's `exit`. */
  flush(): void;
  /** Flushes; what comes later is written line by line. */
  close(): void;
}

interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  /** Gets whole lines. What it throws is swallowed: no request fails for its log. */
  readonly write: (text: string) => void;
  readonly clock: Clock;
}

const WRITE_AFTER_MS = 50;
const WRITE_AT_CHARACTERS = 64 * 1024;
const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const;

type Level = keyof typeof LEVELS;

export function createLog({ level, format, write, clock }: LogOptions): Log {
  const redactor = createRedactor(format);
  const lines = createLines(write, clock);
  const render = (entry: Entry): string =>
    format === 'json'
      ? redactor.line(jsonLine(clock.now(), entry))
      : prettyLines(clock.now(), entry)
          .map((line) => redactor.line(line))
          .join('\n');
  const logger = winston.createLogger({
    level: level === 'silent' ? 'error' : level,
    silent: level === 'silent',
    levels: LEVELS,
    exitOnError: false,
    // Winston's default would write each entry as JSON that nobody reads.
    format: winston.format((entry) => entry)(),
    transports: [
      new Transport({
        log: (entry, next) => {
          lines.add(render(entry), entry.level === 'error');
          next();
        },
      }),
    ],
  });

  const say = (level: Level, message: string, fields: LogFields | undefined): void => {
    if (!logger.isLevelEnabled(level)) return;
    logger.log({ level, message: String(plainOf(message)), fields: fields === undefined ? {} : told(fields) });
  };
  return {
    debug: (message, fields) => say('debug', message, fields),
    info: (message, fields) => say('info', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    error: (message, fields) => say('error', message, fields),
    request: (record) => {
      const level = record.status >= 500 ? 'error' : 'info';
      // Straight to the lines: winston's streams would cost more than all else about it.
      if (logger.isLevelEnabled(level) && !logger.silent)
        lines.add(render({ level, message: 'request', fields: requestFields(record) }), level === 'error');
    },
    content: (requestId, messages, answer) => {
      if (!logger.isLevelEnabled('info')) return;
      const fields = { request_id: requestId, messages: cut(messages), answer: cut(answer) };
      logger.log({ level: 'info', message: 'content', fields });
    },
    hide: (secret) => redactor.hide(secret),
    flush: () => lines.flush(),
    close: () => lines.close(),
  };
}

const MOST_CONTENT = 16_000;

function cut(value: unknown): string | null {
  if (value === null) return null;
  const text =
    value instanceof Uint8Array ? new TextDecoder().decode(value) : String(safely(() => JSON.stringify(value)));
  return text.length > MOST_CONTENT ? `${text.slice(0, MOST_CONTENT)}… (${text.length} characters)` : text;
}

/** The line's own fields can't be overwritten. */
const OWN_FIELDS = ['time', 'level', 'message'];

function told(fields: LogFields): object {
  const plain = safely(() => plainOf(fields)) as Record<string, unknown>;
  for (const own of OWN_FIELDS) {
    if (!(own in plain)) continue;
    plain[`field_${own}`] = plain[own];
    delete plain[own];
  }
  return plain;
}

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
}

/** Winston's own types spell this class in lower case and as a namespace. */
const { Transport } = winston as unknown as {
  readonly Transport: new (options: { readonly log: (entry: Entry, next: () => void) => void }) => winston.transport;
};

interface Lines {
  /** `urgent` lines don't wait: whoever looks after a crash wants the last one. */
  add(line: string, urgent: boolean): void;
  flush(): void;
  close(): void;
}

function createLines(write: (text: string) => void, clock: Clock): Lines {
  let gathered = '';
  let cancel: (() => void) | null = null;
  let closed = false;

  function flush(): void {
    cancel?.();
    cancel = null;
    if (gathered === '') return;
    const text = gathered;
    gathered = '';
    safely(() => write(text));
  }

  return {
    flush,
    add: (line, urgent) => {
      gathered += `${line}\n`;
      if (urgent || closed || gathered.length >= WRITE_AT_CHARACTERS) flush();
      else cancel ??= clock.after(WRITE_AFTER_MS, flush);
    },
    close: () => {
      closed = true;
      flush();
    },
  };
}

/** A getter or toJSON of a logged value may throw, and so may a closed pipe. */
function safely(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return {};
  }
}

const SECOND_MS = 1_000;
let toTheSecond = { second: Number.NaN, text: '' };

/** As `toISOString`, which takes longer than the rest of a line's head. */
function isoTime(now: number): string {
  const second = Math.floor(now / SECOND_MS);
  if (second !== toTheSecond.second)
    toTheSecond = { second, text: new Date(second * SECOND_MS).toISOString().slice(0, -4) };
  return `${toTheSecond.text}${String(Math.floor(now - second * SECOND_MS)).padStart(3, '0')}Z`;
}

// Joining two texts costs a quarter of spreading the fields into a new object.
function jsonLine(now: number, { level, message, fields }: Entry): string {
  const head = `{"time":"${isoTime(now)}","level":"${level}","message":${JSON.stringify(message)}`;
  const rest = JSON.stringify(fields);
  return rest === '{}' ? `${head}}` : `${head},${rest.slice(1)}`;
}

/** A stack's lines are indented, so that no text in them can pass for a line of its own. */
function prettyLines(now: number, { level, message, fields }: Entry): string[] {
  const told = Object.entries(fields as object).filter(([, value]) => value !== undefined);
  const words = told.map(([key, value]) => `${key}=${wordOf(value)}`);
  const head = `${new Date(now).toISOString().slice(11, 23)} ${level.padEnd(5)} ${[message, ...words].join(' ')}`;
  return [head, ...told.flatMap(([, value]) => stackOf(value)).map((line) => `    ${line.trim()}`)];
}

function wordOf(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+*-]+$/.test(value)) return value;
  return JSON.stringify(isTold(value) ? `${value.name}: ${value.message}` : value);
}

function stackOf(value: unknown): string[] {
  return isTold(value) ? [...value.stack.split('\n'), ...stackOf(value.cause)] : [];
}

interface ToldError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
}

/** An error as the redactor leaves it. */
function isTold(value: unknown): value is ToldError {
  return typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string';
}
