// Holds the floors of docs/architecture.md: which folder may import which, and where each package lives.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const FLOOR = ['contract', 'wire'];
const ROOMS = [
  'accounts',
  'cache',
  'experiment',
  'learning',
  'merge',
  'routing',
  'sandbox',
  'slim',
  'store',
  'strategy',
  'telemetry',
  'upstream',
];

/** Folder (or file at the top of src) → what it may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  contract: [],
  wire: ['contract'],
  ...Object.fromEntries(ROOMS.map((room) => [room, FLOOR])),
  config: ['contract'],
  pipeline: [...FLOOR, ...ROOMS],
  http: [...FLOOR, ...ROOMS, 'pipeline'],
  compose: [...FLOOR, ...ROOMS, 'pipeline', 'http', 'config'],
  main: ['compose', 'config', 'contract'],
  cli: [...FLOOR, ...ROOMS, 'pipeline', 'http', 'config', 'compose', 'main'],
};

/** Package → the folders it may be used in. */
const LIVES_IN: Record<string, readonly string[]> = {
  ajv: ['merge'],
  commander: ['cli'],
  'eventsource-parser': ['wire'],
  express: ['http'],
  'gpt-tokenizer': ['accounts'],
  'http-proxy-middleware': ['http'],
  libsql: ['store'],
  'lru-cache': ['cache', 'accounts'],
  'prom-client': ['telemetry'],
  undici: ['upstream', 'config', 'cli'],
  winston: ['telemetry'],
  yaml: ['config', 'cli'],
  zod: ['contract', 'config', 'http', 'cli'],
};

/** Rooms that get time, chance and facts as arguments. */
const PURE = new Set([
  'contract',
  'wire',
  'accounts',
  'cache',
  'experiment',
  'learning',
  'merge',
  'routing',
  'slim',
  'strategy',
  'pipeline',
]);
const IMPURE =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.env\b|\bperformance\.now\(|\bsetTimeout\(|\bsetInterval\(/;

type Source = { readonly file: string; readonly room: string; readonly text: string };

function sources(folder = join(ROOT, 'src')): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    const file = relative(ROOT, path);
    return [{ file, room: file.split('/')[1]!.replace(/\.ts$/, ''), text: readFileSync(path, 'utf8') }];
  });
}

function importsOf({ text }: Source): string[] {
  return [
    ...text.matchAll(/^(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** What is wrong with the imports of these files, one sentence each. */
function complaints(files: readonly Source[]): string[] {
  return files.flatMap((source) => {
    const allowed = MAY_IMPORT[source.room];
    if (allowed === undefined)
      return [`${source.file}: src/${source.room} has no floor yet; give it a row in test/architecture.test.ts.`];
    return importsOf(source).flatMap((target) => {
      if (target.startsWith('node:')) return [];
      if (!target.startsWith('.')) {
        const name = target
          .split('/')
          .slice(0, target.startsWith('@') ? 2 : 1)
          .join('/');
        const homes = LIVES_IN[name];
        return homes?.includes(source.room)
          ? []
          : [
              `${source.file}: the package "${name}" may be used only in ${homes?.join(', ') ?? 'a folder that test/architecture.test.ts names'}.`,
            ];
      }
      const room = relative(join(ROOT, 'src'), resolve(ROOT, dirname(source.file), target))
        .split('/')[0]!
        .replace(/\.ts$/, '');
      if (room === source.room || room === '..' || allowed.includes(room)) return [];
      return [
        `${source.file}: src/${source.room} may not import src/${room}; arrows point down only (docs/architecture.md).`,
      ];
    });
  });
}

const NAMED = /^(?:import|export)(?: type)? \{([^}]*)\} from '(\.[^']+)'|\{([^{}]*)\} = await import\('(\.[^']+)'\)/gm;
const DECLARED = /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm;
const FORWARDED = /^export(?: type)? \{([^}]*)\}/gm;

const namesIn = (clause: string): string[] =>
  clause.split(',').flatMap((part) => /^\s*(?:type )?(\w+)/.exec(part)?.[1] ?? []);

/** One sentence for each exported name that no other file asks for. The contract forwards all it has, so there a file's name doesn't matter. */
function idleExports(files: readonly Source[], users: readonly Source[]): string[] {
  const place = (file: string): string => file.replace(/^src\/contract\/.*/, 'src/contract');
  const asked = new Set(
    users.flatMap(({ file, text }) =>
      [...text.matchAll(NAMED)].flatMap((match) => {
        const target = place(relative(ROOT, resolve(ROOT, dirname(file), (match[2] ?? match[4])!)));
        return namesIn((match[1] ?? match[3])!).map((name) => `${target}: ${name}`);
      }),
    ),
  );
  return files.flatMap(({ file, text }) =>
    [
      ...[...text.matchAll(DECLARED)].map((match) => match[1]!),
      ...[...text.matchAll(FORWARDED)].flatMap((match) => namesIn(match[1]!)),
    ]
      .filter((name) => !asked.has(`${place(file)}: ${name}`))
      .map((name) => `${file}: nobody asks for ${name}; don't export it.`),
  );
}

describe('architecture', () => {
  const files = sources();

  it('arrows point down only, and each package lives in its room', () => {
    expect(complaints(files)).toEqual([]);
  });

  it('notices a planted arrow that points up, a neighbour, and a stray package', () => {
    const planted = {
      file: 'src/merge/planted.ts',
      room: 'merge',
      text: "import { x } from '../http/index.ts';\nimport { y } from '../cache/index.ts';\nimport z from 'express';",
    };
    expect(complaints([planted])).toHaveLength(3);
  });

  it('exports only what another file, or a test, asks for', () => {
    const users = [...files, ...sources(join(ROOT, 'test'))];
    expect(idleExports(files, users)).toEqual([]);
    const planted = { file: 'src/merge/planted.ts', room: 'merge', text: 'export const unasked = 1;' };
    expect(idleExports([planted], users)).toHaveLength(1);
  });

  it('pure rooms read neither the time, chance nor the environment', () => {
    const strip = (text: string): string => text.replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
    expect(
      files.filter((source) => PURE.has(source.room) && IMPURE.test(strip(source.text))).map((source) => source.file),
    ).toEqual([]);
  });
});
