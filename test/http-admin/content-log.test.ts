// Prompts, answers and secrets stay out of all that an operator sees, unless a key's owner wants what is said in the log.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chat, send, UPSTREAM_KEY, type Heard } from '../support/program.ts';
import { ADMIN_KEY, bearer, openOffice, type Office } from './office.ts';

const PROMPT = 'the-prompt-that-nobody-may-see-7e1f';
const ANSWER = 'the-answer-that-nobody-may-see-91bc';
const MESSAGES = [{ role: 'user', content: PROMPT }];

let office: Office;
let secret: string;
let id: string;
beforeAll(async () => {
  office = await openOffice();
  office.upstream.reply('alpha', { content: ANSWER });
  office.upstream.reply('gamma', { status: 500, error: `key ${UPSTREAM_KEY} is wrong` });
  ({ secret, id } = await office.key({ name: 'quiet' }));
});
afterAll(() => office.close());

const text = ({ text: body, headers }: Heard): string => body + JSON.stringify(headers);

it('a secret is looked for in logs, errors, headers, metrics, records, reports and the administration', async () => {
  const heard: string[] = [];
  for (const model of ['alpha', 'gamma', 'quorum/triple', 'nothing'])
    for (const stream of [false, true]) {
      const { text: body, headers } = await chat(office.url, { model, messages: MESSAGES, stream }, bearer(secret));
      heard.push(JSON.stringify(headers), body.replaceAll(ANSWER, ''));
    }
  heard.push(text(await chat(office.url, { model: 'alpha', messages: MESSAGES }, bearer(`${secret}x`))));
  heard.push(text(await send(`${office.url}/metrics`)), text(await send(`${office.url}/openapi.json`)));
  const admin = [
    '/requests',
    '/requests?format=jsonl',
    '/review',
    '/reports',
    '/reports?format=csv',
    '/anomalies',
    '/models',
  ];
  for (const path of [
    ...admin,
    '/providers',
    '/settings',
    '/audit',
    '/ledger',
    '/keys',
    `/keys/${id}`,
    '/feedback',
    '/cache',
  ])
    heard.push(text(await office.admin('GET', path)));
  const { data } = (await office.admin('GET', '/requests')).json();
  for (const row of data) heard.push(text(await office.admin('GET', `/requests/${row.id}`)));
  heard.push(...office.quorum.logs);
  expect(heard.length).toBeGreaterThan(40);
  for (const [nth, said] of heard.entries())
    for (const hidden of [UPSTREAM_KEY, secret, ADMIN_KEY, PROMPT])
      expect(said.includes(hidden), `${nth}: ${said.slice(0, 200)}`).toBe(false);
  expect(office.quorum.logs.some((line) => line.includes(ANSWER))).toBe(false);
});

it('what is said goes into the log for a key that is switched on, whole and streamed, and for no other', async () => {
  const open = await office.key({ name: 'open', log_content: true });
  await office.chat(open.secret, { messages: MESSAGES });
  await office.chat(open.secret, { messages: MESSAGES, stream: true });
  await office.chat(secret, { messages: MESSAGES });
  const lines = office.quorum.logs.map((line) => JSON.parse(line) as Record<string, string>);
  const told = lines.filter(({ message }) => message === 'content');
  expect(told).toHaveLength(2);
  for (const line of told) {
    expect(line['messages']).toContain(PROMPT);
    expect(line['answer']).toContain(ANSWER);
    expect(line['request_id']).toMatch(/^req_/);
  }
  await office.admin('PATCH', `/keys/${open.id}`, { log_content: false });
  await office.chat(open.secret, { messages: MESSAGES });
  expect(office.quorum.logs.filter((line) => line.includes(PROMPT))).toHaveLength(2);
});

it('of what is passed through too, and only for such a key', async () => {
  const open = await office.key({ name: 'embedder', log_content: true });
  const embed = (key: string) =>
    send(`${office.url}/v1/embeddings`, { body: { model: 'alpha', input: PROMPT }, headers: bearer(key) });
  const before = office.quorum.logs.filter((line) => line.includes(PROMPT)).length;
  await embed(secret);
  const { headers } = await embed(open.secret);
  const told = (): readonly string[] => office.quorum.logs.filter((line) => line.includes(PROMPT)).slice(before);
  for (let tried = 0; told().length === 0 && tried < 200; tried += 1)
    await new Promise((resume) => setImmediate(resume));
  expect(told()).toHaveLength(1);
  const line = JSON.parse(told()[0]!) as Record<string, string>;
  expect(line).toMatchObject({ message: 'content', request_id: headers['x-request-id'] });
  expect(line['answer']).toContain('embedding');
});
