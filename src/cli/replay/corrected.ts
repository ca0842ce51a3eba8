// `quorum replay --corrections`: answers that people corrected, run through a policy, or asked again of the program that runs.
import { urlOf } from '../running.ts';
import { progressBar, tableText } from '../table.ts';
import type { ReplayArguments } from '../replay.ts';
import { correctionsOf, gradeByCorrection } from './corrections.ts';
import { askAgain, type Asked } from './live.ts';
import { replayRows } from './rows.ts';
import { momentOf, withStore } from './store.ts';
import { usd } from './units.ts';

export async function replayCorrections(given: ReplayArguments): Promise<number> {
  const { since, clock, write, json } = given;
  const { rows, without, server } = await withStore(given, async (store, config) => ({
    ...(await correctionsOf(store.learning, store.requests, since === undefined ? null : momentOf(since, clock.now()))),
    server: config.server,
  }));
  if (rows.length === 0)
    throw new Error(
      `No correction has its prompt (${without} have none). Prompts are kept for keys with \`quorum keys update ID --log-content on\`, and for all with telemetry.log_content.`,
    );
  if (without > 0 && json !== true) write(`${without} corrections are left out: their prompts weren't kept\n`);
  if (given.live !== true) return replayRows(rows, 'the corrections', given, gradeByCorrection);
  const url = urlOf(given.host ?? server.host, given.port ?? String(server.port));
  const bar = progressBar((text) => process.stderr.write(text), given.isTerminal && json !== true);
  const asked: Asked[] = [];
  for (const [at, row] of rows.entries()) {
    asked.push(await askAgain(url, server.adminKey, row));
    bar('corrections', at + 1, rows.length);
  }
  return report(asked, given);
}

function report(asked: readonly Asked[], { write, json }: ReplayArguments): number {
  const right = asked.filter(({ correct }) => correct).length;
  if (json === true) write(`${JSON.stringify({ corrections: asked.length, right, asked }, null, 2)}\n`);
  else {
    const cells = asked.map(({ id, task, models, correct, costUsd, problem }) => [
      id,
      task,
      models,
      problem ?? (correct ? 'right' : 'WRONG'),
      usd(costUsd / 1_000),
    ]);
    write(
      `${tableText(['request', 'task', 'answered by', '', 'cost'], cells)}\n${right} of ${asked.length} are right now\n`,
    );
  }
  return right === asked.length ? 0 : 1;
}
