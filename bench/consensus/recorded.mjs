// Reads recorded answers and makes candidates of them, as if the models had just answered.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const RULES = { toolMerge: null, listKeys: {}, tolerance: {}, numbers: 'median', chairman: false };

/** Models of one maker err alike. */
const familyOf = (model) =>
  /^(gpt|claude|gemini|mistral|mixtral|open-mi|llama|jamba|command|bonsai|reducto)/
    .exec(model)?.[1]
    .replace(/^(mixtral|open-mi)$/, 'mistral') ?? model;

export function contextOf(request, listKeys = {}) {
  const task = {
    name: 'replay',
    keywords: [],
    patterns: [],
    examples: [],
    needs: [],
    strategy: null,
    tier: null,
    minQuality: 0,
    critical: false,
    role: null,
    validators: [],
    merge: { ...RULES, listKeys },
  };
  return { request, task, now: 0, correlation: () => 0 };
}

export function candidateOf(model, answer, weight = 1) {
  const calls = (answer.tool_calls ?? []).map((call, at) => ({
    id: `call_${model}_${at}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
  const message = {
    role: 'assistant',
    content: answer.content ?? null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const finish = calls.length > 0 ? 'tool_calls' : 'stop';
  const completion = {
    id: model,
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message, finish_reason: finish }],
  };
  return { model, family: familyOf(model), weight, completion, message, finishReason: finish, bytes: new Uint8Array() };
}

/** Uniform in [0, 1), the same for the same text. */
export const drawn = (text) => parseInt(createHash('sha1').update(text).digest('hex').slice(0, 8), 16) / 2 ** 32;

/** The folder's own reader and grader; says what is missing. */
export async function openFolder(folder) {
  if (!folder)
    throw new Error(
      'no data: give the folder of recorded answers with --data DIR (a README there says what it must hold)',
    );
  const path = join(folder, 'grade.mjs');
  if (!existsSync(path))
    throw new Error(`no data: ${path} is missing; --data must name a folder of recorded answers with its grader`);
  const grader = await import(pathToFileURL(path).href);
  return { grader, read: (file) => (existsSync(join(folder, file)) ? grader.readRows(join(folder, file)) : null) };
}

/** Rows as cases: context, a candidate for each model, graded once. */
export function casesOf(rows, grader) {
  return rows.map((row) => {
    const graded = new Map();
    const grade = (message) => {
      const text = JSON.stringify([
        message.content,
        message.tool_calls?.map((call) => [call.function.name, call.function.arguments]),
      ]);
      if (!graded.has(text)) graded.set(text, grader.grade(row, message).correct);
      return graded.get(text);
    };
    const answers = new Map(
      Object.entries(row.answers).map(([model, answer]) => {
        const candidate = candidateOf(model, answer);
        return [
          model,
          {
            candidate,
            cost: answer.cost_usd ?? 0,
            correct: grade(candidate.message),
            said: grader.answerOf(row, candidate.message),
          },
        ];
      }),
    );
    return {
      id: row.id,
      kind: row.kind,
      family: row.family,
      task: row.task ?? row.family,
      context: contextOf(row.request),
      answers,
      grade,
    };
  });
}
