// Tasks: the config's rows over the shipped ones.
import type { MergeRules, Task, Validator } from '../../contract/index.ts';
import type { LoadedConfig } from '../load.ts';
import type { TaskRow, ValidatorRow } from '../schema/index.ts';
import { overlay } from './providers.ts';

export function resolveTasks({ config, catalog }: LoadedConfig): ReadonlyMap<string, Task> {
  const names = new Set([...Object.keys(catalog.rows.tasks), ...Object.keys(config.tasks)]);
  return new Map(
    [...names].map((name) => [
      name,
      taskFrom(name, overlay<TaskRow>(catalog.rows.tasks[name] ?? {}, config.tasks[name] ?? {})),
    ]),
  );
}

function taskFrom(name: string, row: TaskRow): Task {
  return {
    name,
    keywords: row.keywords ?? [],
    patterns: row.patterns ?? [],
    examples: row.examples ?? [],
    needs: row.needs ?? [],
    strategy: row.strategy ?? null,
    tier: row.tier ?? null,
    minQuality: row.min_quality ?? 0,
    critical: row.critical ?? false,
    role: row.role ?? null,
    validators: (row.validators ?? []).map(validatorFrom),
    merge: mergeFrom(row.merge ?? {}),
    slim: row.slim ?? null,
  };
}

function mergeFrom(row: NonNullable<TaskRow['merge']>): MergeRules {
  return {
    toolMerge: row.tool_merge ?? null,
    listKeys: row.list_keys ?? {},
    tolerance: (row.tolerance ?? {}) as MergeRules['tolerance'],
    numbers: row.numbers ?? 'median',
    chairman: row.chairman ?? false,
  };
}

function validatorFrom(row: ValidatorRow): Validator {
  switch (row.kind) {
    case 'range':
    case 'length':
      return { kind: row.kind, field: row.field, min: row.min ?? null, max: row.max ?? null };
    case 'fresh':
      return { kind: 'fresh', field: row.field, maxAgeMs: row.max_age };
    case 'required':
    case 'type':
    case 'pattern':
    case 'enum':
    case 'unique':
    case 'compare':
      return row;
    default:
      return row satisfies never;
  }
}
