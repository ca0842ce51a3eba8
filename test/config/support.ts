// Configs in temporary files, and what loading them gives.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { ConfigError, loadConfig, resolve } from '../../src/config/index.ts';
import type { Facts, LoadOptions, LoadedConfig, Problem, Resolved } from '../../src/config/index.ts';

export const NOBODY: Facts = { reachable: new Set(), productionMode: false };

/** The catalog's providers, all with a key. */
export const EVERY_KEY: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'OPENAI',
    'ANTHROPIC',
    'GEMINI',
    'OPENROUTER',
    'DEEPSEEK',
    'DASHSCOPE',
    'ARK',
    'GROQ',
    'MISTRAL',
    'TOGETHER',
    'XAI',
    'FIREWORKS',
    'CEREBRAS',
  ].map((name) => [`${name}_API_KEY`, `sk-${name}`]),
);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export function configFile(text: string, name = 'quorum.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-config-'));
  folders.push(folder);
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

type Rest = Omit<Partial<LoadOptions>, 'file'>;

export const load = (text: string, rest: Rest = {}): LoadedConfig =>
  loadConfig({ env: {}, ...rest, file: configFile(text) });

export const settle = (text: string, rest: Rest = {}, facts: Facts = NOBODY): Resolved =>
  resolve(load(text, rest), facts);

/** The problems of a config that must not load. */
export function problemsOf(text: string, rest: Rest = {}): readonly Problem[] {
  try {
    load(text, rest);
  } catch (failure) {
    if (failure instanceof ConfigError) return failure.problems;
    throw failure;
  }
  throw new Error('The config was accepted.');
}

/** `line:column path: message`, without the file. */
export const told = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
