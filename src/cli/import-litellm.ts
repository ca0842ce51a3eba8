// `quorum import litellm FILE`: a config of LiteLLM's proxy as one of Quorum's, and a list of all that couldn't come along.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config/index.ts';
import { readCatalog } from '../config/catalog.ts';
import { convert, type Converted } from './import/convert.ts';
import { readConfig, type ReadConfig } from './import/read-file.ts';

interface ImportLitellmOptions {
  /** A new file for the config; else it is printed. */
  readonly write?: string | undefined;
  readonly json?: boolean | undefined;
  readonly print: (text: string) => void;
}

/** 0 when the config was made and loads; 1 with a sentence otherwise. No value of a key is ever printed. */
export function runImportLitellm(file: string, { write, json, print }: ImportLitellmOptions): number {
  const read = readSafely(file);
  if (typeof read === 'string') {
    print(`${read}\n`);
    return 1;
  }
  const converted = convert(read.data, readCatalog({}), read.missing);
  const problem = problemWith(converted);
  if (problem !== null) {
    print(`What came of ${file} has problems, so nothing was written. Mend these there first:\n${problem}\n`);
    return 1;
  }
  if (write !== undefined) {
    if (existsSync(write)) {
      print(`${write} is there already; name another file, or move it away.\n`);
      return 1;
    }
    writeFileSync(write, converted.text);
  }
  if (json === true) print(`${JSON.stringify(asJson(converted, write), null, 2)}\n`);
  else
    print(
      write === undefined
        ? `${converted.text}\n${commented(reportOf(converted))}`
        : `${reportOf(converted)}\nThe config is in ${write}.\n`,
    );
  return 0;
}

function readSafely(file: string): ReadConfig | string {
  try {
    return readConfig(file);
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

/** Loads it as Quorum will, with something in every variable; null when all is well. */
function problemWith({ text, variables }: Converted): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-import-'));
  const file = join(folder, 'quorum.yaml');
  try {
    writeFileSync(file, text);
    loadConfig({ file, env: standIns(text, variables) });
    return null;
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    return failure.message.replaceAll(file, 'quorum.yaml');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An address where an address begins with the variable, a word elsewhere. */
const standIns = (text: string, variables: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    variables.map((name) => [
      name,
      text.includes(`base_url: "\${${name}}`) || text.includes(`base_url: \${${name}}`)
        ? 'https://set-me.invalid'
        : '1',
    ]),
  );

function asJson({ text, carried, left, notes, variables, moved }: Converted, write: string | undefined): unknown {
  return {
    ...(write === undefined ? { config: text } : { file: write }),
    carried,
    left,
    notes,
    variables,
    moved: Object.fromEntries(moved),
  };
}

function reportOf({ carried, left, notes, variables, moved }: Converted): string {
  const byReason = new Map<string, readonly string[]>();
  for (const { path, reason } of left) byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
  const count = (number: number): string => `${number} ${number === 1 ? 'setting' : 'settings'}`;
  return [
    `${count(carried.length)} carried over, ${left.length} not.`,
    ...(left.length === 0
      ? []
      : [
          '',
          'Not carried over:',
          ...[...byReason].flatMap(([reason, paths]) => [`  ${reason}:`, ...paths.map((path) => `    ${path}`)]),
        ]),
    ...(notes.length === 0 ? [] : ['', 'Not quite the same:', ...notes.map((text) => `  - ${text}`)]),
    ...(moved.size === 0
      ? []
      : [
          '',
          'Written out in the file, and not copied; put each into its variable:',
          ...[...moved].map(([path, variable]) => `  ${variable}  ← ${path}`),
        ]),
    ...(variables.length === 0 ? [] : ['', `Variables it reads: ${variables.join(', ')}`]),
    '',
  ].join('\n');
}

const commented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((each) => (each === '' ? '#' : `# ${each}`))
    .join('\n')
    .concat('\n');
