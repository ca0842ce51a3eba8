// LiteLLM's file as data, with the files it includes: their lists are added, their other keys put in place.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

export interface ReadConfig {
  readonly data: Fields;
  /** Files that are named and can't be read. */
  readonly missing: readonly string[];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SECTIONS = ['model_list', 'litellm_settings', 'router_settings', 'general_settings', 'include'];

/** Throws an Error that names the file and a plain reason for what is no config of LiteLLM's. */
export function readConfig(file: string): ReadConfig {
  const missing: string[] = [];
  const data = readInto({}, file, new Set(), missing);
  if (!SECTIONS.some((section) => data[section] !== undefined))
    throw new Error(`${file}: this is no config of LiteLLM’s proxy: it has none of ${SECTIONS.join(', ')}`);
  return { data, missing };
}

function readInto(before: Fields, file: string, seen: Set<string>, missing: string[]): Fields {
  seen.add(resolve(file));
  const read = parsed(file);
  const merged: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(read)) {
    const known = merged[key];
    if (Array.isArray(known) && Array.isArray(value)) merged[key] = [...(known as unknown[]), ...(value as unknown[])];
    else if (isFields(known) && isFields(value)) merged[key] = { ...known, ...value };
    else merged[key] = value;
  }
  const included = Array.isArray(read['include']) ? (read['include'] as unknown[]) : [];
  return included.reduce<Fields>((sofar, name) => {
    if (typeof name !== 'string') return sofar;
    const path = resolve(dirname(file), name);
    if (seen.has(path)) return sofar;
    if (existsSync(path)) return readInto(sofar, path, seen, missing);
    missing.push(name);
    return sofar;
  }, merged);
}

function parsed(file: string): Fields {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    throw new Error(`${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, { cause: failure });
  }
  let data: unknown;
  try {
    data = parse(text, { merge: true, maxAliasCount: 1_000 });
  } catch (failure) {
    // The parser's message shows the line, and a line may hold a key.
    const at = (failure as { readonly linePos?: readonly { readonly line: number; readonly col: number }[] })
      .linePos?.[0];
    const place = at === undefined ? `${file}:` : `${file}:${at.line}:${at.col}`;
    throw new Error(`${place} this isn’t YAML`, { cause: failure });
  }
  if (!isFields(data)) throw new Error(`${file}: expected a map of settings such as "model_list:"`);
  return data;
}
