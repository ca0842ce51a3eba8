// What is done once the client has its answer: all that is due in one go, when nothing waits to be read.
interface Afterwork {
  later(work: () => void): void;
  /** Does now what is still due. */
  flush(): void;
}

/** What doesn't throw. */
export function createAfterwork(): Afterwork {
  let due: (() => void)[] = [];
  const flush = (): void => {
    const now = due;
    due = [];
    for (const work of now) work();
  };
  return {
    later(work) {
      if (due.push(work) === 1) setImmediate(flush);
    },
    flush,
  };
}
