// Anthropic's Messages API: POST /v1/messages with `x-api-key` and `anthropic-version`.
import { parseAnswer } from '../../../wire/index.ts';
import type { Dialect } from '../dialect.ts';
import { createTranslator, readAsEvents } from '../chunks.ts';
import { isObject } from '../parts.ts';
import { anthropicFailure } from './failure.ts';
import { createAnthropicReader, eventsOf } from './reader.ts';
import { anthropicShape } from './request.ts';

const VERSION = '2023-06-01';
/** The address as it may be given: with the version, with the whole path, with slashes. */
const PATH_END = /\/*(?:\/v1)?(?:\/messages)?\/*$/;

export const anthropic: Dialect = {
  route(provider, model) {
    const base = new URL(provider.baseUrl);
    const path = `${base.pathname.replace(PATH_END, '')}/v1/messages${base.search}`;
    return {
      wholePath: path,
      streamPath: path,
      headers: { 'anthropic-version': VERSION },
      shape: anthropicShape(provider, model),
    };
  },
  readWhole(bytes, circumstances) {
    const message = parseAnswer(bytes.toString());
    if (!isObject(message) || message['type'] !== 'message' || !Array.isArray(message['content']))
      throw new Error("The upstream's answer is no message of Anthropic's.");
    return readAsEvents(eventsOf(message), circumstances, createAnthropicReader);
  },
  translate: (circumstances) => createTranslator(circumstances, createAnthropicReader),
  failure: anthropicFailure,
};
