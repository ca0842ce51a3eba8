// Where a request that is passed through goes: by the model that its JSON or its form names, or else to the default provider.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { QuorumError, type Model, type Provider, type Settings, type Written } from '../contract/index.ts';
import { jsonAsWritten, packPieces, readJsonBody } from '../wire/index.ts';
import { readBody, tooLarge } from './body.ts';
import { familyOf, MODEL_ASKED } from './families.ts';
import { readOptions, type Options } from './options.ts';
import { defaultProvider, servedBy } from './served.ts';

const FORM = /^multipart\/form-data\b/i;
/** A form that asks no model may name one, for the sake of its provider, in its first piece. */
const FIRST_PIECE = 1;
/** What a form's `model` field takes at the most, head and all. */
const FIELD_BYTES = 1024;
const MODEL_FIELD = /name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,256})\r\n/;
/** Where a request goes, and what is known of it. */
export interface Destination {
  readonly provider: Provider;
  /** null: it names none. */
  readonly model: Model | null;
  /** The caller's wishes. */
  readonly options: Options<object>;
  /** Without them. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array | null;
  /** What `fields` was read from. */
  readonly written?: Written;
}

export async function destination(
  request: IncomingMessage,
  settings: Settings,
  limitBytes: number,
): Promise<Destination> {
  const type = request.headers['content-type'] ?? '';
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limitBytes) throw tooLarge(limitBytes);
  if (/^application\/json\b|\+json\b/i.test(type) && hasBody(request))
    return jsonDestination(request.headers, await readBody(request, limitBytes), settings);
  const options = readOptions(request.headers, {});
  // Whose model isn't known can't be charged: a form that asks one is read until it names it, its file first if need be.
  const { name, whole } = FORM.test(type)
    ? await peekModel(request, MODEL_ASKED.has(familyOf(request)) ? limitBytes : FIRST_PIECE)
    : { name: null, whole: null };
  if (name === null) return { provider: defaultProvider(settings), model: null, options, fields: {}, body: whole };
  const { provider, model } = servedBy(name, settings);
  // A form is streamed, never rewritten.
  if (model.upstreamModel !== name)
    throw new QuorumError(
      'invalid_value',
      `In a form, name the model as its provider does: "${model.upstreamModel}".`,
      {
        param: 'model',
      },
    );
  return { provider, model, options, fields: {}, body: null };
}

interface Peeked {
  readonly name: string | null;
  /** The form, when it ended without a name: nothing can be put back into what has ended. */
  readonly whole: Buffer | null;
}

function jsonDestination(headers: IncomingHttpHeaders, raw: Uint8Array, settings: Settings): Destination {
  const { value: body, text } = readJsonBody(raw);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new QuorumError('invalid_value', 'The body must be a JSON object.');
  const given = body as Readonly<Record<string, unknown>>;
  const options = readOptions(headers, given);
  const { request: fields } = options;
  const written = { text, fields: given };
  const as = (asked: Readonly<Record<string, unknown>>): Uint8Array =>
    asked === given ? raw : Buffer.from(jsonAsWritten(asked, written));
  const name = fields['model'];
  if (name === undefined || name === null)
    return { provider: defaultProvider(settings), model: null, options, fields, body: as(fields), written };
  if (typeof name !== 'string')
    throw new QuorumError('invalid_value', "Invalid type for 'model': expected a string.", { param: 'model' });
  const { provider, model } = servedBy(name, settings);
  const { upstreamModel } = model;
  const renamed = upstreamModel === name ? fields : { ...fields, model: upstreamModel };
  return { provider, model, options, fields, body: as(renamed), written };
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;

/** The `model` field of a form, however it comes in pieces, in about its first `mostBytes`; what was read is put back. */
function peekModel(request: IncomingMessage, mostBytes: number): Promise<Peeked> {
  return new Promise((resolve, reject) => {
    const read: Buffer[] = [];
    let [length, packed, tail] = [0, 0, ''];
    const found = (name: string | null, ended: boolean): void => {
      request.off('readable', look);
      const bytes = Buffer.concat(read, length);
      if (!ended) request.unshift(bytes);
      resolve({ name, whole: ended ? bytes : null });
    };
    const look = (): void => {
      let part: Buffer | null;
      while ((part = request.read() as Buffer | null) !== null) {
        read.push(part);
        packed = packPieces(read, packed);
        length += part.length;
        const text = tail + part.toString('latin1');
        tail = text.slice(-FIELD_BYTES);
        const name = MODEL_FIELD.exec(text)?.[1];
        if (name !== undefined || length >= mostBytes) {
          found(name ?? null, false);
          return;
        }
      }
    };
    request.on('readable', look);
    request.once('end', () => found(null, true));
    const left = (): void => reject(new QuorumError('client_closed', 'The client left before its request was there.'));
    request.once('error', left);
    request.once('close', left);
  });
}
