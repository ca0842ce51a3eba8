// Turns what the schema complains about into sentences with a place, an expectation and the nearest known key.
import { z } from 'zod';
import type { ConfigDocument } from './document.ts';
import { didYouMean, pathText } from './problem.ts';
import type { Path, Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;
type Schema = z.core.JSONSchema.JSONSchema;

/** An issue with its whole path; those inside a union are the ones of the form that was meant. */
interface Fault {
  readonly path: Path;
  readonly issue: Issue;
}

export function faultsOf(issues: readonly Issue[], above: Path = []): readonly Fault[] {
  return issues.flatMap((issue): readonly Fault[] => {
    const path = [...above, ...(issue.path as (string | number)[])];
    if (issue.code !== 'invalid_union') return [{ path, issue }];
    const meant = issue.errors.find((branch) => branch.every((inner) => !isOtherForm(inner)));
    return meant === undefined || meant.length === 0 ? [{ path, issue }] : faultsOf(meant, path);
  });
}

/** The value isn't this form of the union at all. */
const isOtherForm = (issue: Issue): boolean =>
  issue.path.length === 0 && ['invalid_type', 'invalid_format', 'invalid_union', 'custom'].includes(issue.code);

export function explain(fault: Fault, document: ConfigDocument, schema: () => Schema): readonly Problem[] {
  const { path, issue } = fault;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema(), path);
    return issue.keys.map((key) => ({
      ...document.placeOf([...path, key], 'key'),
      path: pathText([...path, key]),
      message: `unknown key "${key}"${didYouMean(key, known) || `; known here: ${[...known].join(', ')}`}`,
    }));
  }
  const found = valueAt(document.data, path);
  const expected = `expected ${expectation(issue)}`;
  const meant =
    issue.code === 'invalid_value' && typeof found === 'string' ? didYouMean(found, issue.values.map(String)) : '';
  return [
    {
      ...document.placeOf(path),
      path: pathText(path),
      message:
        found === undefined ? `missing; ${expected}` : `${expected}, but found ${show(found, path, document)}${meant}`,
    },
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map of settings',
  record: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
};

/** The schema's own words where it has some. */
function expectation(issue: Issue): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  if (issue.code === 'invalid_type') return KINDS[issue.expected] ?? `a ${issue.expected}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return 'something else';
}

const SECRET_NAME = /key|secret|token|passw|auth|credential|dsn/i;
const SECRET_VALUE = /^(sk|pk|gsk|xai|AIza|Bearer )[-_A-Za-z0-9 ]{8,}/;

function show(value: unknown, path: Path, document: ConfigDocument): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty one' : 'a list';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const variables = document.substitutedAt(path)?.variables ?? [];
  const secret =
    path.some((step) => SECRET_NAME.test(String(step)) || step === 'headers') ||
    variables.some((variable) => SECRET_NAME.test(variable)) ||
    SECRET_VALUE.test(text);
  const shown = secret
    ? 'a value that is not shown'
    : JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : value);
  return variables.length === 0 ? shown : `${shown} (from \${${variables[0]}})`;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined,
    data,
  );
}

/** Keys that the schema knows at `path`. */
function keysAt(root: Schema, path: Path): ReadonlySet<string> {
  let here: readonly Schema[] = [root];
  for (const step of path) {
    here = here.flatMap(forms).flatMap((form): readonly Schema[] => {
      const next = typeof step === 'number' ? form.items : (form.properties?.[step] ?? form.additionalProperties);
      return typeof next === 'object' && !Array.isArray(next) ? [next] : [];
    });
  }
  return new Set(here.flatMap(forms).flatMap((form) => Object.keys(form.properties ?? {})));
}

const forms = (schema: Schema): readonly Schema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((form) => forms(form)),
];
