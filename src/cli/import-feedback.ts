// `quorum import feedback FILE`: verdicts from JSON lines, through the program that runs on this config, or into its store where none runs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import type { Clock, Secret } from '../contract/index.ts';
import { takeFeedbackLines, type LinesTaken } from '../http/admin/feedback-lines.ts';
import { evidenceAt } from '../learning/index.ts';
import { openStore } from '../store/index.ts';
import { learntFrom } from '../compose/learnt.ts';
import { progressBar } from './table.ts';
import { answers, urlOf } from './running.ts';
import { stillConfig } from './still-config.ts';

interface ImportFeedbackOptions {
  readonly config?: string | undefined;
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  /** Where lines go that could not be taken, to be mended and given again. */
  readonly rejects?: string | undefined;
  readonly json?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
}

/** Takes lines, of which the first has the number `first` in the file. */
type Take = (lines: readonly string[], first: number) => Promise<LinesTaken>;

const LINES_AT_ONCE = 200;
const SHOWN = 20;
const TIMEOUT_MS = 60_000;

/** 0 when every line was taken; 1 with the bad ones named. Throws an Error in words for what the user must mend. */
export async function runImportFeedback(file: string, options: ImportFeedbackOptions): Promise<number> {
  if (!existsSync(file)) throw new Error(`There is no file ${file}: JSON lines of verdicts are expected.`);
  const bytes = readFileSync(file);
  const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const config = await stillConfig(options.config, options.env);
  const { server } = config;
  const url = urlOf(options.host ?? server.host, options.port ?? String(server.port));
  const all = (await answers(url))
    ? await inBatches(lines, throughProgram(url, server.adminKey), options)
    : await intoStore(config, options, (take) => inBatches(lines, take, options));
  if (options.rejects !== undefined && all.problems.length > 0)
    writeFileSync(options.rejects, all.problems.map(({ line }) => `${lines[line - 1]}\n`).join(''));
  options.write(options.json === true ? `${JSON.stringify(asJson(all), null, 2)}\n` : textOf(file, all, options));
  return all.problems.length === 0 ? 0 : 1;
}

async function inBatches(lines: readonly string[], take: Take, options: ImportFeedbackOptions): Promise<LinesTaken> {
  const bar = progressBar((text) => process.stderr.write(text), options.isTerminal && options.json !== true);
  let all: LinesTaken = { taken: 0, replaced: 0, unchanged: 0, problems: [] };
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
    const batch = lines.slice(at, at + LINES_AT_ONCE);
    const more = await take(batch, at + 1);
    all = {
      taken: all.taken + more.taken,
      replaced: all.replaced + more.replaced,
      unchanged: all.unchanged + more.unchanged,
      problems: [...all.problems, ...more.problems],
    };
    bar('verdicts', at + batch.length, lines.length);
  }
  return all;
}

/** Who runs learns at once what comes through its door. */
function throughProgram(url: string, adminKey: Secret | null): Take {
  return async (lines, first) => {
    const { statusCode, body } = await request(`${url}/admin/v1/feedback`, {
      method: 'POST',
      headers: {
        'content-type': 'application/jsonl',
        ...(adminKey !== null && { authorization: `Bearer ${adminKey.reveal()}` }),
      },
      body: lines.join('\n'),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const answer = (await body.json()) as LinesTaken & { readonly error?: { readonly message: string } };
    if (statusCode !== 200)
      throw new Error(`${url} refuses: ${answer.error?.message ?? statusCode} Lines before ${first} were taken.`);
    return { ...answer, problems: answer.problems.map((each) => ({ ...each, line: each.line + first - 1 })) };
  };
}

async function intoStore(
  config: Awaited<ReturnType<typeof stillConfig>>,
  { clock }: ImportFeedbackOptions,
  work: (take: Take) => Promise<LinesTaken>,
): Promise<LinesTaken> {
  const store = await openStore(config.parts().storageUrl, clock, { decay: evidenceAt });
  try {
    const { learner } = await learntFrom(store, config.current, clock);
    return await work((lines, first) =>
      takeFeedbackLines(lines, first, { learner, lessons: store.learning }, () => Promise.resolve()),
    );
  } finally {
    await store.close();
  }
}

const asJson = ({ problems, ...sums }: LinesTaken): object => ({ ...sums, failed: problems.length, problems });

function textOf(
  file: string,
  { taken, replaced, unchanged, problems }: LinesTaken,
  { rejects }: ImportFeedbackOptions,
) {
  const head = `${taken} verdicts taken, ${replaced} replaced, ${unchanged} said before, ${problems.length} lines not taken\n`;
  const named = problems.slice(0, SHOWN).map(({ line, problem }) => `${file}, line ${line}: ${problem}\n`);
  const more = problems.length > SHOWN ? [`… and ${problems.length - SHOWN} more\n`] : [];
  const where = problems.length > 0 && rejects !== undefined ? [`They are in ${rejects}.\n`] : [];
  return [head, ...named, ...more, ...where].join('');
}
