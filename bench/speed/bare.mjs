// Process: the baseline. The least that a proxy on node:http and undici can do: bytes in, bytes out, nothing looked at.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const [origin] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 1024, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

class PassOn {
  constructor(response) {
    this.response = response;
    this.controller = null;
    response.on('close', () => {
      if (!response.writableFinished) this.controller?.abort(new Error('the client has gone'));
    });
  }
  onRequestStart(controller) {
    this.controller = controller;
  }
  onResponseStart(_, status, headers) {
    const length = headers['content-length'];
    const type = headers['content-type'];
    this.response.writeHead(
      status,
      length === undefined ? ['content-type', type] : ['content-type', type, 'content-length', length],
    );
  }
  onResponseData(controller, chunk) {
    if (this.response.write(chunk)) return;
    controller.pause();
    this.response.once('drain', () => controller.resume());
  }
  onResponseEnd() {
    this.response.end();
  }
  onResponseError() {
    if (!this.response.headersSent) this.response.writeHead(502);
    this.response.end();
  }
}

const HEADERS = ['content-type', 'application/json'];

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    pool.dispatch({ path: request.url, method: request.method, headers: HEADERS, body }, new PassOn(response));
  });
});
server.keepAliveTimeout = 72_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
