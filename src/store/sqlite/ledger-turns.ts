// The ledger's verbs as jobs of a group commit: those whose callers wait for the disk, and those that nobody waits for.
import { QuorumError } from '../../contract/index.ts';
import type { GroupCommit, Job } from './group-commit.ts';
import type { Book } from './ledger-book.ts';

const nothing = (): void => undefined;

export function createTurns(commits: Pick<GroupCommit, 'add'>, book: Pick<Book, 'writeEntries'>) {
  /** A verb whose caller waits for it to be on disk. */
  const ask = <Result>(
    work: () => Result,
    undo: () => void = nothing,
    ended: (result: Result | null) => void = nothing,
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      commits.add({
        apply: () => {
          book.writeEntries();
          const result = work();
          return () => {
            ended(result);
            resolve(result);
          };
        },
        undo,
        failed: (error) => {
          ended(null);
          reject(unavailable(error));
          return false;
        },
        isPatient: false,
      });
    });
  /** A verb that nobody waits for; patient ones go with the next that somebody does, or soon. */
  const later = (apply: () => void, undo: () => void = nothing, isPatient = false): void => {
    const job: Job = {
      apply: () => {
        apply();
        return nothing;
      },
      undo,
      failed: () => true,
      isPatient,
    };
    commits.add(job);
  };
  return { ask, later };
}

export function unavailable(cause: unknown): QuorumError {
  return new QuorumError(
    'budget_unavailable',
    'The ledger can’t be written at the moment, so nothing can be spent. Try again in a moment.',
    {
      retryAfterMs: 1_000,
      cause,
    },
  );
}
