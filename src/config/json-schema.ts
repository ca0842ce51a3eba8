// The JSON Schema of the config file, for editors: what may be written, `${NAME}` included.
import { z } from 'zod';
import { configSchema } from './schema/index.ts';

type Schema = z.core.JSONSchema.JSONSchema;

const FROM_ENVIRONMENT = { type: 'string', pattern: '\\$\\{' } as const;

let made: Schema | undefined;

export function configJsonSchema(): Schema {
  made ??= {
    ...(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', override: allowEnvironment }) as Schema),
    title: 'Quorum configuration',
  };
  return made;
}

/** Where a number, a flag, a choice or a patterned text is expected, `${NAME}` may stand too. */
function allowEnvironment({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER || jsonSchema.maximum === Number.MAX_VALUE)
    delete jsonSchema.maximum;
  if (jsonSchema.minimum === -Number.MAX_VALUE) delete jsonSchema.minimum;
  const narrow =
    ['number', 'integer', 'boolean'].includes(String(jsonSchema.type)) ||
    (jsonSchema.type === 'string' && (jsonSchema.pattern !== undefined || jsonSchema.enum !== undefined));
  if (!narrow || jsonSchema.anyOf !== undefined) return;
  const { description, default: preset, ...exact } = jsonSchema;
  for (const key of Object.keys(exact)) delete jsonSchema[key];
  jsonSchema.anyOf = [exact, FROM_ENVIRONMENT];
  if (description !== undefined) jsonSchema.description = description;
  if (preset !== undefined) jsonSchema.default = preset;
}
