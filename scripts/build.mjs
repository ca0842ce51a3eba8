// Compiles src into dist.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './ready.mjs';

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
writeFileSync(join(ROOT, 'dist/.built'), new Date().toISOString());
