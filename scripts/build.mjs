// Compiles src into dist, and makes one file of what the command line needs: hundreds of modules cost more time to find than to run.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './ready.mjs';

/** Only what isn't read: names stay as they are in stacks. */
const MINIFY = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
await bundle();
writeFileSync(join(ROOT, 'dist/.built'), new Date().toISOString());

/** Where there is no bundler for this machine, the modules serve as they are. */
async function bundle() {
  try {
    const { rolldown } = await import('rolldown');
    const made = await rolldown({
      input: { cli: join(ROOT, 'dist/cli.js') },
      platform: 'node',
      // A binary of its own.
      external: /^libsql/,
      logLevel: 'silent',
    });
    const { output } = await made.generate({ format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js', minify: MINIFY });
    await made.close();
    mkdirSync(join(ROOT, 'dist/chunks'), { recursive: true });
    for (const { fileName, code } of output) writeFileSync(join(ROOT, 'dist', fileName), code);
  } catch (error) {
    process.stderr.write(`Not bundled, so it starts a little slower: ${error.message}\n`);
  }
}
