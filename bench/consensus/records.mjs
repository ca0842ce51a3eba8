// Long lists of records from several systems, merged by their declared key: exact records found, against the best of the three.
import { candidateOf, contextOf } from './recorded.mjs';
import { combinations, mean } from './replay.mjs';

const F1 = (grader, row, records) => grader.gradeRecords(row, records).f1;

function recordsOf(merged) {
  return JSON.parse((merged.message ?? merged.base.message).content);
}

export function replayRecords(merger, rows, grader, sets) {
  const runs = Object.keys(rows[0].answers);
  const trios = combinations(runs, 3).slice(0, sets);
  const documents = rows.map((row) => {
    const candidates = new Map(
      runs.map((run) => [run, candidateOf(run, { content: JSON.stringify(row.answers[run].records) }, 0.8)]),
    );
    const alone = new Map(runs.map((run) => [run, F1(grader, row, row.answers[run].records)]));
    return {
      row,
      candidates,
      alone,
      context: contextOf(
        { model: 'auto', messages: [{ role: 'user', content: 'Extract all records.' }] },
        { '*': row.key },
      ),
    };
  });
  const results = trios.map((trio) => {
    const best = Math.max(...trio.map((run) => mean(documents.map((document) => document.alone.get(run)))));
    const merged = mean(
      documents.map(({ row, candidates, context }) =>
        F1(
          grader,
          row,
          recordsOf(
            merger.merge(
              trio.map((run) => candidates.get(run)),
              context,
            ),
          ),
        ),
      ),
    );
    return { trio, best, merged };
  });
  return {
    trios: results.length,
    best: mean(results.map((one) => one.best)),
    merged: mean(results.map((one) => one.merged)),
    reach: mean(results.map((one) => Number(one.merged >= one.best - 1e-9))),
    worst: Math.min(...results.map((one) => one.merged - one.best)),
  };
}
