// How long a merge of three JSON answers of 50 KB takes: generated answers that agree in most fields and items.
import { candidateOf, contextOf } from './recorded.mjs';

const KILOBYTES = 50;

function answer(turn) {
  const items = [];
  for (let at = 0; JSON.stringify(items).length < KILOBYTES * 1_000; at++) {
    const differs = at % 10 === turn;
    items.push({
      provider: `provider ${at % 7}`,
      model: `model-${at}`,
      region: 'eu-west',
      price: differs ? at + 0.5 : at,
      available: true,
      note: `Listed at ${at} as of this morning`,
    });
  }
  return { content: JSON.stringify({ items, source: 'generated', at: '2026-01-15' }) };
}

/** Median milliseconds; every run reads its answers anew. */
export function measureSpeed(createMerger, runs = 60) {
  const merger = createMerger();
  const answers = [0, 1, 2].map((turn) => answer(turn));
  const request = { model: 'auto', messages: [{ role: 'user', content: 'Prices?' }] };
  const times = [];
  for (let run = 0; run < runs; run++) {
    const candidates = answers.map((each, at) => candidateOf(`model-${at}`, each, 0.8));
    const context = contextOf({ ...request }, { items: ['provider', 'model'] });
    const begin = performance.now();
    merger.merge(candidates, context);
    times.push(performance.now() - begin);
  }
  const sorted = times.slice(runs / 3).toSorted((left, right) => left - right);
  return {
    bytes: answers[0].content.length,
    medianMs: sorted[Math.floor(sorted.length / 2)],
    p95Ms: sorted[Math.floor(sorted.length * 0.95)],
  };
}
