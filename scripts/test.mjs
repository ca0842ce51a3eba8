// `npm test`: installs and builds what is missing, then checks types, style and behaviour. Arguments go to vitest.
import { join } from 'node:path';
import { ensureReady, ROOT, run } from './ready.mjs';

ensureReady();
const bin = (name) => join(ROOT, 'node_modules', name);
run(process.execPath, [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']);
run(process.execPath, [bin('oxlint/bin/oxlint'), '--type-aware', 'src', 'test']);
run(process.execPath, [bin('oxfmt/bin/oxfmt'), '--check', 'src', 'test', 'bench', 'scripts']);
run(process.execPath, [bin('vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);
