// Google's Gemini API: POST /v1beta/models/{model}:generateContent and :streamGenerateContent?alt=sse with `x-goog-api-key`.
import { parseAnswer } from '../../../wire/index.ts';
import type { Dialect } from '../dialect.ts';
import { createTranslator, readAsEvents } from '../chunks.ts';
import { isObject } from '../parts.ts';
import { geminiFailure } from './failure.ts';
import { createGeminiReader } from './reader.ts';
import { geminiShape } from './request.ts';

/** The address as it may be given: with the version or not, and the OpenAI-compatible one, which pass-through uses. */
const PATH_END = /\/*(?:\/(v\d+(?:alpha|beta)?\d*))?(?:\/openai)?(?:\/models)?\/*$/;

/** Google's OpenAI-compatible address takes the key as a bearer, the native one beside it refuses that. */
const isCompatible = (path: string): boolean => /\/openai\/*$/.test(path);

export const gemini: Dialect = {
  route(provider, model) {
    const base = new URL(provider.baseUrl);
    const version = PATH_END.exec(base.pathname)?.[1] ?? 'v1beta';
    // `models/` or, for tuned ones, another collection may be named.
    const name = model.upstreamModel.includes('/') ? model.upstreamModel : `models/${model.upstreamModel}`;
    const path = `${base.pathname.replace(PATH_END, '')}/${version}/${name.split('/').map(encodeURIComponent).join('/')}`;
    const query = base.search.slice(1);
    return {
      wholePath: `${path}:generateContent${query && `?${query}`}`,
      streamPath: `${path}:streamGenerateContent?alt=sse${query && `&${query}`}`,
      headers: {},
      ...(isCompatible(base.pathname) && provider.authHeader === 'authorization' && { keyHeader: 'x-goog-api-key' }),
      shape: geminiShape(provider, model),
    };
  },
  readWhole(bytes, circumstances) {
    const answer = parseAnswer(bytes.toString());
    // A stream without `alt=sse` is a list of answers.
    const answers = Array.isArray(answer) ? answer : [answer];
    if (!answers.some((each) => isObject(each) && ('candidates' in each || 'promptFeedback' in each)))
      throw new Error("The upstream's answer has no candidates.");
    return readAsEvents(answers, circumstances, createGeminiReader);
  },
  translate: (circumstances) => createTranslator(circumstances, createGeminiReader),
  failure: geminiFailure,
};
