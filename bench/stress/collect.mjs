// Preloaded with --expose-gc: at SIGUSR2 it collects the garbage and writes down what is left, for a soak that looks for leaks.
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

process.on('SIGUSR2', async () => {
  // What one collection finds to be unused, the next one gives back.
  for (let times = 0; times < 2; times++) {
    globalThis.gc();
    await pause(300);
  }
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  writeFileSync('collected', String(rss - heapTotal + heapUsed));
});
