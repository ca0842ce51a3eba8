// Process: the models, and what they charge. Keeps its own books, by its own rules; knows nothing of Quorum's.
// A call whose usage it told is charged by that usage. One that ends without (the caller left, it broke off, it told none) is charged
// for its input, counted roughly, and for what was sent: a token for each piece of a stream, a whole text counted roughly. Refusals, resets and garbage cost nothing,
// but Quorum may count the input of the last two: a provider may have worked on what it then lost.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { charged, scriptOf, MAX_OUTPUT } from './script.mjs';

const [dist, faults] = [process.argv[2], Number(process.argv[3])];
const { estimateText, estimateTokens } = await import(pathToFileURL(join(dist, 'accounts/index.js')).href);
const STALL_MS = 60_000;
const books = [];
const seen = new Map();
const now = () => performance.timeOrigin + performance.now();

const head = (model) => ({ id: `chatcmpl-${books.length}`, created: 1_767_225_600, model });
const event = (model, fields) =>
  `data: ${JSON.stringify({ ...head(model), object: 'chat.completion.chunk', ...fields })}\n\n`;

/** Its tokenizer: a token for six characters. */
const inputTokens = (messages) => Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / 6);

/** Every request carries one in its first message; what judges and the chairman are asked has it too. */
const markOf = (messages) => /\[([mk]\d+-[\d-]+)\]/.exec(JSON.stringify(messages))?.[1] ?? 'unknown';

/** One call's line in the books; open until it says how it ended. */
function enter(body, stream) {
  const mark = markOf(body.messages);
  const name = `${mark} ${body.model}`;
  const nth = seen.get(name) ?? 0;
  seen.set(name, nth + 1);
  const script = scriptOf(mark, body.model, nth, faults);
  const limit = body.max_completion_tokens ?? body.max_tokens ?? MAX_OUTPUT;
  const output = Math.max(1, Math.min(script.outputTokens, limit));
  const input = inputTokens(body.messages);
  const usage = {
    input,
    cached: Math.floor(input * script.cachedShare),
    output,
    reasoning: Math.floor(output * script.reasoningShare),
  };
  const roughInput = estimateTokens(body);
  const line = {
    mark,
    model: body.model,
    stream,
    script,
    usage,
    at: now(),
    endedAt: null,
    how: null,
    cost: 0,
    /** What the other side may count more, since it can't know. */
    mayCost: 0,
    sent: 0,
    nth,
  };
  books.push(line);
  const end = (how, cost) => {
    if (line.how !== null) return;
    Object.assign(line, { how, cost, endedAt: now() });
  };
  return {
    line,
    script,
    usage,
    told: () => end('told', charged(body.model, usage)),
    free: (how) => end(how, 0),
    lost: (how) => {
      if (line.how === null) line.mayCost = charged(body.model, { input: roughInput, output: 0 });
      end(how, 0);
    },
    untold: (how) => end(how, charged(body.model, { input: roughInput, output: line.sent })),
  };
}

const usageShown = ({ input, cached, output, reasoning }) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
});

function refuse(call, response, status) {
  call.free(`status ${status}`);
  response.writeHead(status, { 'content-type': 'application/json', 'x-should-retry': 'false', 'retry-after': '0' });
  response.end(JSON.stringify({ error: { message: 'scripted', type: 'scripted', code: null, param: null } }));
}

function answerWhole(call, body, response) {
  const { fault, text } = call.script;
  const usage = fault === 'no usage' ? {} : { usage: usageShown(call.usage) };
  const message = { role: 'assistant', content: text, refusal: null };
  const whole = JSON.stringify({
    ...head(body.model),
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    ...usage,
  });
  if (fault === 'cut' || fault === 'stall late') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) });
    response.write(whole.slice(0, whole.length >> 1));
    if (fault === 'cut') {
      call.free('broken off');
      setTimeout(() => response.destroy(), 2);
    }
    return;
  }
  if (fault === 'no usage') {
    call.line.sent = estimateText(text);
    call.untold('no usage');
  } else call.told();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) });
  response.end(whole);
}

function answerStream(call, body, response) {
  const { fault } = call.script;
  const { line, usage } = call;
  const breaks = fault === 'cut' || fault === 'stall late' || fault === 'error event';
  const pieces = breaks ? usage.output >> 1 : usage.output;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = () => {
    if (response.destroyed) return;
    // A few at once, so that a run doesn't take forever.
    for (let few = 0; few < 5 && line.sent < pieces; few += 1) {
      line.sent += 1;
      const delta = { content: few === 0 ? ' so' : ' it', ...(line.sent === 1 && { role: 'assistant' }) };
      response.write(event(body.model, { choices: [{ index: 0, delta, finish_reason: null }] }));
    }
    if (line.sent < pieces) setTimeout(say, 2);
    else finish();
  };
  const finish = () => {
    if (fault === 'stall late') return;
    if (fault === 'cut') {
      call.untold('cut');
      response.destroy();
      return;
    }
    if (fault === 'error event') {
      call.untold('error event');
      response.end(`data: ${JSON.stringify({ error: { message: 'scripted', type: 'server_error' } })}\n\n`);
      return;
    }
    const last = event(body.model, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    if (fault === 'no usage') {
      call.untold('no usage');
      response.end(`${last}data: [DONE]\n\n`);
      return;
    }
    call.told();
    response.end(`${last}${event(body.model, { choices: [], usage: usageShown(usage) })}data: [DONE]\n\n`);
  };
  say();
}

function answer(body, response) {
  const stream = body.stream === true;
  const call = enter(body, stream);
  response.on('close', () => call.untold('left'));
  const { fault, delayMs } = call.script;
  setTimeout(() => {
    if (response.destroyed) return;
    if (/^\d/.test(fault ?? '')) refuse(call, response, Number(fault));
    else if (fault === 'reset') {
      call.lost('reset');
      response.destroy();
    } else if (fault === 'garbage') {
      call.lost('garbage');
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Bad gateway, says the load balancer</html>');
    } else if (fault === 'stall') setTimeout(() => response.destroy(), STALL_MS).unref();
    else if (stream) answerStream(call, body, response);
    else answerWhole(call, body, response);
  }, delayMs);
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('error', () => {});
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    answer(JSON.parse(Buffer.concat(parts).toString()), response);
  });
});
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ books, open: books.filter(({ how }) => how === null).length }));
process.on('disconnect', () => process.exit());
