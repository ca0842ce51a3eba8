// Compiles src into dist, and makes one file of what the command line needs: hundreds of modules cost more time to find than to run.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './ready.mjs';

/** Only what isn't read: names stay as they are in stacks. */
const MINIFY = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

/**
 * The engine keeps a file's text for as long as the program runs, with two bytes a character where one of them needs it. Such
 * characters stand in texts and patterns only, where an escape says the same.
 */
const inLatin1 = (code) =>
  code.replace(/[\u0100-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Express's own body parser, which nothing here uses, knows a hundred code pages: half of the file. */
const WITHOUT_CODE_PAGES = {
  name: 'without-code-pages',
  load: (id) => (/iconv-lite[\\/]encodings[\\/]index\.js$/.test(id) ? 'module.exports = {};' : null),
};

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
      plugins: [WITHOUT_CODE_PAGES],
      logLevel: 'silent',
    });
    const { output } = await made.generate({
      format: 'esm',
      chunkFileNames: 'chunks/[name]-[hash].js',
      minify: MINIFY,
    });
    await made.close();
    mkdirSync(join(ROOT, 'dist/chunks'), { recursive: true });
    for (const { fileName, code } of output) writeFileSync(join(ROOT, 'dist', fileName), inLatin1(code));
  } catch (error) {
    process.stderr.write(`Not bundled, so it starts a little slower: ${error.message}\n`);
  }
}
