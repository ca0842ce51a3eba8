// Callers' JSON schemas, compiled once: those of `response_format` and those of tools.
import { createRequire } from 'node:module';
import type { Ajv, AnySchema, ErrorObject, ValidateFunction } from 'ajv';
import type { Violation } from '../contract/index.ts';
import type { Json } from './json.ts';
import { plainOf } from './json.ts';
import { patternEngine } from './pattern.ts';

type SchemaCheck = (value: Json) => readonly Violation[];

export interface Schemas {
  /** Checks against `schema`; one that can't be used checks nothing and says so in `problem`. */
  of(schema: unknown, kind: 'schema' | 'tool_schema'): { readonly check: SchemaCheck; readonly problem: string | null };
}

const MAX_COMPILED = 256;
const MAX_SCHEMA_CHARS = 200_000;
const MAX_VIOLATIONS = 20;

const OPTIONS = {
  strict: false,
  allErrors: false,
  validateFormats: false,
  validateSchema: false,
  logger: false,
  addUsedSchema: false,
  code: { regExp: patternEngine },
} as const;

type Compiled = { readonly validate: ValidateFunction | null; readonly problem: string | null };

type Engine = new (options: typeof OPTIONS) => Ajv;

const require = createRequire(import.meta.url);

/** Each is loaded by the first schema in its dialect: none belongs to the start of the program, and an import would have to be waited for. */
function engineFor(dialect: unknown): Ajv {
  const name = typeof dialect === 'string' ? dialect : '';
  if (name.includes('2019-09')) return new (require('ajv/dist/2019.js') as { Ajv2019: Engine }).Ajv2019(OPTIONS);
  if (name.includes('draft-07') || name.includes('draft-06'))
    return new (require('ajv') as { Ajv: Engine }).Ajv(OPTIONS);
  return new (require('ajv/dist/2020.js') as { Ajv2020: Engine }).Ajv2020(OPTIONS);
}

/** Without `$schema` and `$id`: neither may fetch anything or clash with another schema. */
function compile(text: string): Compiled {
  if (text.length > MAX_SCHEMA_CHARS) return { validate: null, problem: 'schema too large' };
  try {
    const parsed = JSON.parse(text) as AnySchema;
    if (typeof parsed === 'boolean') return { validate: engineFor(null).compile(parsed), problem: null };
    const { $schema, $id: _id, ...schema } = parsed as Record<string, unknown>;
    return { validate: engineFor($schema).compile(schema), problem: null };
  } catch (error) {
    return { validate: null, problem: error instanceof Error ? error.message.slice(0, 200) : 'unusable schema' };
  }
}

const fieldOf = (error: ErrorObject): string => error.instancePath.replace(/^\//, '').replace(/\//g, '.');

function checkWith(validate: ValidateFunction, kind: 'schema' | 'tool_schema'): SchemaCheck {
  return (value) => {
    if (validate(plainOf(value))) return [];
    return (validate.errors ?? [])
      .slice(0, MAX_VIOLATIONS)
      .map((error) => ({ validator: kind, field: fieldOf(error), message: error.message ?? 'invalid' }));
  };
}

/** The least recently used of `MAX_COMPILED` goes first. The text decides, so equal schemas compile once. */
export function createSchemas(): Schemas {
  const compiled = new Map<string, Compiled>();
  const texts = new WeakMap<object, string>();

  const textOf = (schema: object): string => {
    let text = texts.get(schema);
    if (text === undefined) texts.set(schema, (text = safeText(schema)));
    return text;
  };

  return {
    of(schema, kind) {
      if (typeof schema !== 'object' || schema === null)
        return { check: () => [], problem: schema === undefined ? null : 'not a schema' };
      const text = textOf(schema);
      const entry = compiled.get(text) ?? compile(text);
      compiled.delete(text);
      compiled.set(text, entry);
      if (compiled.size > MAX_COMPILED) compiled.delete(compiled.keys().next().value!);
      return entry.validate === null
        ? { check: () => [], problem: entry.problem }
        : { check: checkWith(entry.validate, kind), problem: null };
    },
  };
}

/** Schemas too deep to write count as too large. */
function safeText(schema: object): string {
  try {
    return JSON.stringify(schema);
  } catch {
    return ' '.repeat(MAX_SCHEMA_CHARS + 1);
  }
}
