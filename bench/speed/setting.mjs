// Quorum's config for the benchmark: everything as it ships, several models at one upstream so that there is something to choose from.

export function configText(upstreamPort, cache) {
  const model = (name, price, quality, speed) =>
    `  ${name}: { provider: bench, price: ${price}, context: 4000000, max_output: 16384, quality: ${quality}, speed: ${speed}, capabilities: [tools, json_schema, vision, streaming] }`;
  return [
    'providers:',
    `  bench: { type: openai, base_url: "http://127.0.0.1:${upstreamPort}/v1", api_key: "bench-key-no-secret" }`,
    'models:',
    model('quick', '0.05/0.20', 5, 'very_fast'),
    model('plain', '0.15/0.60', 6, 'fast'),
    model('clever', '0.50/2.00', 7.5, 'medium'),
    model('deep', '2.50/10.00', 8.5, 'slow'),
    'tiers:',
    '  bench: { models: [quick, plain, clever, deep], chairman: deep }',
    'default_tier: bench',
    'routing: { strategy: single }',
    `cache: { enabled: ${cache} }`,
    'storage: { url: "sqlite:./quorum.db" }',
    '',
  ].join('\n');
}
