#!/usr/bin/env node
// The command line: `quorum VERB`; without a verb it serves.
import { Command } from 'commander';
import { runCheck } from './cli/check.ts';
import { runHealthcheck } from './cli/healthcheck.ts';
import { runModels } from './cli/models.ts';
import { ConfigError } from './config/index.ts';
import { serve, VERSION } from './main.ts';

interface Flags {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly logLevel?: string;
  readonly json?: boolean;
}

const write = (text: string): void => void process.stdout.write(text);

function program(exit: (code: number) => void): Command {
  const quorum = new Command('quorum')
    .description(
      'A drop-in proxy that speaks the OpenAI API: routes each chat request to one model, two that check each other, three that vote, or a council.',
    )
    .version(VERSION)
    .option('--config <file>', 'the config file (default: config/quorum.yaml, or QUORUM_CONFIG)')
    .option('--json', 'machine-readable output')
    .showHelpAfterError('(quorum --help tells what there is)');
  const flags = (): Flags => quorum.opts<Flags>();

  quorum
    .command('start', { isDefault: true })
    .description('serve the API (the default)')
    .option('--port <port>', 'where to listen (QUORUM_PORT; default 4000; 0 takes any free port)')
    .option('--host <host>', 'on which address (QUORUM_HOST; default 127.0.0.1)')
    .option('--log-level <level>', 'error, warn, info or debug (QUORUM_LOG_LEVEL)')
    .option('--config <file>', 'the config file')
    .option('--json', 'log lines as JSON')
    .action(async (own: Flags) => {
      const { config, port, host, logLevel, json } = { ...flags(), ...own };
      exit(await serve({ file: config, env: process.env, overrides: { port, host, logLevel }, json, write }));
    });
  quorum
    .command('check')
    .description('what is configured, what is reachable, what is missing')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .action(async (own: Flags) => exit(await runCheck({ ...flags(), ...own, env: process.env, write })));
  quorum
    .command('models')
    .description('every model with price, context and whether it can be used')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .action(async (own: Flags) => exit(await runModels({ ...flags(), ...own, env: process.env, write })));
  quorum
    .command('healthcheck')
    .description('exit 0 when the server on this machine is ready (for containers)')
    .option('--port <port>', 'where it listens (QUORUM_PORT; default 4000)')
    .option('--host <host>', 'on which address (default 127.0.0.1)')
    .action(async (own: Flags) => exit(await runHealthcheck({ ...own, env: process.env, write })));
  return quorum;
}

/** Errors that are the user's to mend are told in words, all others with their stack. */
function explain(thrown: unknown): string {
  if (
    thrown instanceof ConfigError ||
    (thrown instanceof Error && (thrown.name === 'StoreError' || /^Port \d+ on /.test(thrown.message)))
  )
    return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

try {
  await program((code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (thrown) {
  process.stderr.write(`${explain(thrown)}\n`);
  process.exitCode = 1;
}
// What still holds the process is nothing that anybody waits for.
if (process.exitCode !== undefined) process.exit();
