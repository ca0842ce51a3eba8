// Processor time and memory of another process, as Linux counts them; null elsewhere.
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds on a processor, all threads, to the nanosecond where the kernel tells. */
export function processorUs(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const spentNs = tasks.map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return spentNs.reduce((sum, ns) => sum + ns, 0) / 1_000;
  } catch {
    return fromTicks(pid);
  }
}

/** Hundredths of a second are all that `stat` counts in. */
function fromTicks(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return null;
  }
}

export function residentMb(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
  } catch {
    return null;
  }
}
