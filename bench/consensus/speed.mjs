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

/** Milliseconds on the clock (median) and of processor time (mean); every run reads its answers anew. */
export function measureSpeed(createMerger, runs = 100) {
  const merger = createMerger();
  const answers = [0, 1, 2].map((turn) => answer(turn));
  const request = { model: 'auto', messages: [{ role: 'user', content: 'Prices?' }] };
  const once = () => {
    const candidates = answers.map((each, at) => candidateOf(`model-${at}`, each, 0.8));
    const context = contextOf({ ...request }, { items: ['provider', 'model'] });
    const begin = performance.now();
    merger.merge(candidates, context);
    return performance.now() - begin;
  };
  for (let run = 0; run < runs; run++) once();
  const before = process.cpuUsage();
  const times = Array.from({ length: runs }, once).toSorted((left, right) => left - right);
  const { user, system } = process.cpuUsage(before);
  return {
    bytes: answers[0].content.length,
    medianMs: times[Math.floor(runs / 2)],
    processorMs: (user + system) / 1_000 / runs,
  };
}
