// Providers that imitate OpenAI, each with its habits: what they are sent, that their bytes pass untouched, what a call costs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { costOf, reportedCost } from '../../../src/accounts/index.ts';
import type { ChatRequest, Usage } from '../../../src/contract/index.ts';
import { completionFromStream, createStreamTap } from '../../../src/wire/index.ts';
import { settle } from '../../config/support.ts';
import { callTo, collecting, site, upstreamFor } from '../scene.ts';
import { modelOf, type Fixture } from './fixture.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/compatible');
interface Compatible extends Fixture {
  readonly headers?: object;
  /** A file with what the client gets, where that isn't what came. */
  readonly tells?: string;
}

const fixtures = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Compatible)
  .map((fixture) => ({ ...fixture, label: fixture.stream!.slice(0, -4) }));

it.each(fixtures)('$label', async (fixture) => {
  const bytes = readFileSync(join(FOLDER, fixture.stream!));
  const there = await site((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(bytes);
  });
  const { model, provider } = modelOf(fixture);
  const given = callTo(there.origin, { provider: { ...provider, baseUrl: `${there.origin}/v1` }, model });
  const request = { model: model.name, stream: true, ...fixture.request } as unknown as ChatRequest;
  const reply = await upstreamFor().stream({ ...given, stream: true, request });
  const sink = collecting();
  await reply.pump(sink);
  const told = readFileSync(join(FOLDER, fixture.tells ?? fixture.stream!));
  expect(sink.text()).toBe(told.toString());

  const [seen] = there.seen;
  if (fixture.sends !== undefined) expect(seen!.body).toEqual(fixture.sends);
  expect(seen!.request.headers).toMatchObject({
    ...(!provider.local && { authorization: expect.stringMatching(/^Bearer sk-/) as string }),
    ...fixture.headers,
  });

  const tap = createStreamTap({ hideUsage: false });
  tap.push(told);
  const { error, usage } = tap.end();
  if (fixture.error !== undefined) expect(error).toMatchObject(fixture.error);
  else expect(completionFromStream(told)).toMatchObject(fixture.gives!);
  if (fixture.costs !== undefined) {
    const told = provider.reportsCost === true ? reportedCost(usage!) : null;
    expect(told ?? costOf(model.price!, usage!)).toBe(Math.round(fixture.costs * 1e9));
  }
});

describe('what a provider says that it cost', () => {
  const usage = (more: object): Usage => ({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, ...more });

  it.each([
    [{ cost: 0 }, 0],
    [{ cost: 0.1 + 0.2 }, 300_000_000],
    [{ cost: 1.5e-10 }, 1],
    [{ cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } }, 210_000_000],
    [{ cost: 0.01, is_byok: false, cost_details: { upstream_inference_cost: 0.2 } }, 10_000_000],
    [{ cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 1e300 } }, 10_000_000],
    [{ cost: -1 }, null],
    [{ cost: '1' }, null],
    [{ cost: { total_cost: 1 } }, null],
    [{ cost: Number.NaN }, null],
    [{}, null],
  ])('%j is %s', (more, nano) => expect(reportedCost(usage(more))).toBe(nano));
});

describe('docs/providers.md', () => {
  const blocks = [...readFileSync('docs/providers.md', 'utf8').matchAll(/```yaml\n([^`]+)```/g)].map(
    (match) => match[1]!,
  );

  it('has examples', () => expect(blocks.length).toBeGreaterThan(8));

  it.each(blocks)('%s', (block) => {
    const variables = [...block.matchAll(/\$\{(\w+)/g)].map((match) => [match[1]!, 'sk-1'] as const);
    const { settings } = settle(block, { env: Object.fromEntries(variables) });
    expect(settings.models.size).toBeGreaterThan(0);
  });

  it('Azure’s deployment and version are in the address, the key in its own header', async () => {
    const { settings } = settle(
      blocks.find((block) => block.includes('azure'))!,
      { env: { AZURE_OPENAI_API_KEY: 'k' } },
    );
    const there = await site((response) => response.end());
    const model = settings.models.get('azure-gpt-4.1')!;
    const provider = settings.providers.get(model.provider)!;
    const baseUrl = provider.baseUrl.replace('https://my-resource.openai.azure.com', there.origin);
    await upstreamFor()
      .whole(callTo(there.origin, { provider: { ...provider, baseUrl }, model }))
      .catch(() => undefined);
    const { url, headers } = there.seen[0]!.request;
    expect(url).toBe('/openai/deployments/my-gpt41/chat/completions?api-version=2024-10-21');
    expect(headers).toMatchObject({ 'api-key': 'k' });
    expect(headers).not.toHaveProperty('authorization');
  });
});
