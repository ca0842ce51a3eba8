// The tasks that Quorum ships with, read straight from config/catalog.yaml, for tests of what they classify.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Task } from '../../src/contract/index.ts';
import { testTask } from './settings.ts';

interface Written {
  readonly keywords?: readonly string[];
  readonly patterns?: readonly string[];
  readonly examples?: readonly string[];
  readonly needs?: Task['needs'];
  readonly min_quality?: number;
  readonly critical?: boolean;
}

export function catalogTasks(): ReadonlyMap<string, Task> {
  const file = readFileSync(join(import.meta.dirname, '../../config/catalog.yaml'), 'utf8');
  const { tasks } = parse(file) as { readonly tasks: Readonly<Record<string, Written>> };
  return new Map(
    Object.entries(tasks).map(([name, written]) => [
      name,
      testTask({
        name,
        keywords: written.keywords ?? [],
        patterns: (written.patterns ?? []).map((source) => new RegExp(source, 'i')),
        examples: written.examples ?? [],
        needs: written.needs ?? [],
        minQuality: written.min_quality ?? 0,
        critical: written.critical ?? false,
      }),
    ]),
  );
}
