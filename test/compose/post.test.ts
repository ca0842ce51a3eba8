// What is told to others goes to the address that was named, whole, and nothing that is answered can hold it up or lead it elsewhere.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { post } from '../../src/compose/post.ts';

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('post', () => {
  it.each([
    ['text', 'Grüße'.repeat(50_000)],
    ['bytes', Buffer.from('Grüße'.repeat(50_000))],
  ])('sends %s whole, with its length and headers, and resolves with the status', async (_, body) => {
    const got: { bytes: number; length: string | undefined; token: unknown; method: string | undefined }[] = [];
    const url = await listening((request, response) => {
      let bytes = 0;
      request.on('data', (part: Buffer) => (bytes += part.byteLength));
      request.on('end', () => {
        const { headers, method } = request;
        got.push({ bytes, length: headers['content-length'], token: headers['x-token'], method });
        response.writeHead(202).end('{}');
      });
    });
    expect(await post(`${url}/v1/traces`, { 'x-token': 'a' }, body)).toBe(202);
    expect(got).toEqual([{ bytes: 350_000, length: '350000', token: 'a', method: 'POST' }]);
  });

  it('does not follow a redirect', async () => {
    let asked = 0;
    const elsewhere = await listening((_, response) => {
      asked += 1;
      response.end();
    });
    const url = await listening((request, response) => {
      request.resume();
      response.writeHead(307, { location: elsewhere }).end();
    });
    expect(await post(url, {}, '{}')).toBe(307);
    expect(asked).toBe(0);
  });

  it('does not wait for an answer without end, and leaves it', async () => {
    const url = await listening((request, response) => {
      request.resume();
      const more = (): void => {
        while (response.write('x'.repeat(1_000)));
      };
      response.on('drain', more);
      response.on('close', () => left());
      more();
    });
    let left = (): void => {};
    const closed = new Promise<void>((resume) => (left = resume));
    expect(await post(url, {}, '{}')).toBe(200);
    await closed;
  });

  it('rejects where nobody listens', async () => {
    const url = await listening(() => {});
    open.splice(0).forEach((close) => close());
    await expect(post(url, {}, '{}')).rejects.toThrow('ECONNREFUSED');
  });
});
