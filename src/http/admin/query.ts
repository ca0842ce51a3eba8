// What a list of the administration may be asked for: a filter that is mistyped would otherwise show everything, or nothing.
import type { Request } from 'express';
import { z } from 'zod';
import { nearest, QuorumError } from '../../contract/index.ts';
import { queryOf } from './answer.ts';

type Parameters = Readonly<Record<string, z.ZodType>>;

/** Throws `invalid_value` for a parameter that isn't described, and for a word that isn't one of those to choose from. */
export function checkQuery(request: Request, known: Parameters): void {
  for (const name of Object.keys(request.query)) {
    const schema = Object.hasOwn(known, name) ? known[name] : undefined;
    if (schema === undefined) throw unknown(name, Object.keys(known));
    const words = wordsOf(schema);
    const given = queryOf(request, name);
    if (words !== null && given !== undefined && !words.includes(given))
      throw new QuorumError('invalid_value', `'${name}' is ${words.join(' or ')}.`, { param: name });
  }
}

function unknown(name: string, known: readonly string[]): QuorumError {
  const near = nearest(name, known);
  const hint =
    near === null ? ` There is ${known.length === 0 ? 'none' : known.join(', ')}.` : ` Did you mean '${near}'?`;
  const shown = name.slice(0, 80);
  return new QuorumError('invalid_value', `Unknown parameter of the query: '${shown}'.${hint}`, { param: shown });
}

function wordsOf(schema: z.ZodType): readonly string[] | null {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : null;
}
