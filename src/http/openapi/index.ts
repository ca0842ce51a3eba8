// GET /openapi.json: the table of routes with what each takes and answers, as OpenAPI 3.1. Made of the schemas that check the input.
import { z } from 'zod';
import { ACCOUNTS } from './accounts.ts';
import { CALLER } from './caller.ts';
import { EXPERIMENTS } from './experiments.ts';
import { LEARNING } from './learning.ts';
import { OPERATION } from './operation.ts';
import { RECORDS } from './records.ts';
import { REPORTS } from './reports.ts';
import { errorBody, type Described, type Descriptions } from './shapes.ts';

interface RouteRow {
  readonly method: string;
  readonly path: string;
  readonly access: string;
}

export const DESCRIPTIONS: Descriptions = {
  ...CALLER,
  ...ACCOUNTS,
  ...RECORDS,
  ...REPORTS,
  ...OPERATION,
  ...LEARNING,
  ...EXPERIMENTS,
};

export function openApiDocument(routes: readonly RouteRow[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const described = DESCRIPTIONS[`${route.method.toUpperCase()} ${route.path}`];
    const path = route.path.replace(/[:*](\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, described) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Quorum',
      version,
      description:
        'A drop-in proxy that speaks OpenAI’s API. Other paths below /v1 go on to the provider of the named model as they come.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A virtual key; none is needed while there are none.' },
        admin: { type: 'http', scheme: 'bearer', description: 'The admin key.' },
      },
      schemas: { Error: schemaOf(errorBody, 'output') },
    },
  };
}

const SECURITY: Readonly<Record<string, readonly object[]>> = {
  open: [],
  caller: [{ key: [] }, { admin: [] }],
  admin: [{ admin: [] }],
  metrics: [{}, { admin: [] }],
};

function operationOf({ method, path, access }: RouteRow, described: Described | undefined): object {
  const { tag = 'other', summary = '', query, body, status = 200, answer = z.unknown(), types = [] } = described ?? {};
  const json = schemaOf(answer, 'output');
  const isText = answer instanceof z.ZodString;
  const content = Object.fromEntries([
    ...(isText ? [] : [['application/json', { schema: json }]]),
    ...types.map((type) => [type, { schema: { type: 'string' } }]),
  ]) as object;
  return {
    operationId: idOf(method, path),
    tags: [tag],
    summary,
    security: SECURITY[access] ?? [],
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body !== undefined && {
      requestBody: {
        required: method !== 'delete',
        content:
          body instanceof z.ZodString
            ? { 'application/jsonl': { schema: { type: 'string' } } }
            : { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: {
      [String(status)]: {
        description: summary,
        headers: { 'x-request-id': { schema: { type: 'string' }, description: 'Also in the log and the records.' } },
        content,
      },
      default: {
        description: 'What went wrong.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

/** `getAdminV1KeysById` */
const idOf = (method: string, path: string): string =>
  method +
  path.replace(/[:*](\w)/g, 'By-$1').replace(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase());

const pathParameters = (path: string): readonly object[] =>
  [...path.matchAll(/[:*](\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

function queryParameters(query: z.ZodObject | undefined): readonly object[] {
  if (query === undefined) return [];
  const { properties = {} } = schemaOf(query, 'input') as { properties?: Record<string, { description?: string }> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: false,
    ...(description !== undefined && { description }),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
  return rest;
}
