#!/usr/bin/env node
// The command line: `quorum VERB`; without a verb it serves. What goes wrong is told in a sentence.
import type { Command } from 'commander';
import { program } from './cli/program.ts';
import { nearest, QuorumError } from './contract/index.ts';

// Whoever reads what is said may leave (`quorum … | head`); that is no fault to be told of, least of all there.
for (const out of [process.stdout, process.stderr]) out.on('error', () => {});

const TAKES_A_VALUE: ReadonlySet<string> = new Set(['--config', '--port', '--host', '--log-level']);
const FLAGS: ReadonlySet<string> = new Set([...TAKES_A_VALUE, '--json', '--help', '-h', '--version', '-V', '--']);

/** The default verb would take a mistyped one for a word of its own. */
function refuseUnknownVerb(parent: Command, words: readonly string[], path = 'quorum'): void {
  const at = words.findIndex((word, index) => !word.startsWith('-') && !TAKES_A_VALUE.has(words[index - 1] ?? ''));
  const verb = words[at];
  // What stands behind a flag that nobody knows may be its value: the flag is what is wrong.
  if (words.slice(0, at).some((word) => word.startsWith('-') && !FLAGS.has(word.split('=')[0]!))) return;
  const known = [...parent.commands.map((command) => command.name()), 'help'];
  if (verb === undefined || parent.commands.length === 0 || verb === 'help') return;
  const found = parent.commands.find((command) => command.name() === verb);
  if (found !== undefined) {
    refuseUnknownVerb(found, words.slice(at + 1), `${path} ${verb}`);
    return;
  }
  const near = nearest(verb, known);
  const hint = near === null ? '' : ` Did you mean "${path} ${near}"?`;
  throw new QuorumError('not_found', `There is no "${path} ${verb}".${hint} (quorum --help tells what there is)`);
}

const DEFECTS: ReadonlySet<unknown> = new Set([TypeError, RangeError, ReferenceError, SyntaxError]);

/** In a sentence; only what must be a defect of the program's own shows where it happened. */
function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return DEFECTS.has(thrown.constructor) ? (thrown.stack ?? thrown.message) : thrown.message;
}

try {
  const quorum = program((code) => {
    process.exitCode = code;
  });
  refuseUnknownVerb(quorum, process.argv.slice(2));
  await quorum.parseAsync();
} catch (thrown) {
  process.stderr.write(`${explain(thrown)}\n`);
  process.exitCode = 1;
}
// What still holds the process is nothing that anybody waits for.
if (process.exitCode !== undefined) process.exit();
