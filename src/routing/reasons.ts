// Why a request is of its task and its tier, in words.
import type { Classification, Task, Tier, Wishes } from '../contract/index.ts';

export function taskReason({ task, confidence, source }: Classification): string {
  const sure = confidence.toFixed(2);
  switch (source) {
    case 'caller':
      return `task ${task}: named by the caller`;
    case 'fallback':
      return `task ${task}: nothing else was clear enough (${sure})`;
    case 'rules':
      return `task ${task}: ${sure} sure by its words and form`;
    default:
      return source satisfies never;
  }
}

export function tierReason(wishes: Wishes, task: Task | undefined, tier: Tier): string {
  if (wishes.tier === tier.name) return 'asked for by the caller';
  return task?.tier === tier.name ? `configured for task ${task.name}` : 'the default';
}
