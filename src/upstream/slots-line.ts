// A line of those who wait: first come first served within a tenant, and tenants take turns. Pure.

interface FairLine<Item> {
  readonly size: number;
  /** How many would be served before one of this tenant's that came now, at the most. */
  before(tenant: string): number;
  /** The returned function takes it out again; harmless when it is out already. */
  add(tenant: string, item: Item): () => void;
  /** Offers everybody a turn, again and again, until nobody takes one. `take` says whether it did; who did is out. */
  serve(take: (item: Item) => boolean): void;
}

export function createFairLine<Item>(): FairLine<Item> {
  /** In the order in which their turn comes. */
  const tenants = new Map<string, Set<Item>>();
  let size = 0;

  function remove(tenant: string, item: Item): void {
    const waiting = tenants.get(tenant);
    if (waiting?.delete(item) !== true) return;
    size--;
    if (waiting.size === 0) tenants.delete(tenant);
  }

  /** Whoever had a turn stands at the end. */
  function serveOne(tenant: string, take: (item: Item) => boolean): boolean {
    const waiting = tenants.get(tenant);
    if (waiting === undefined) return false;
    for (const item of waiting) {
      if (!take(item)) continue;
      remove(tenant, item);
      if (tenants.delete(tenant)) tenants.set(tenant, waiting);
      return true;
    }
    return false;
  }

  return {
    get size() {
      return size;
    },
    before: (tenant) => Math.min(size, ((tenants.get(tenant)?.size ?? 0) + 1) * tenants.size),
    add(tenant, item) {
      const waiting = tenants.get(tenant) ?? new Set();
      tenants.set(tenant, waiting.add(item));
      size++;
      return () => remove(tenant, item);
    },
    serve(take) {
      for (let isMoving = size > 0; isMoving;) {
        isMoving = false;
        for (const tenant of Array.from(tenants.keys())) if (serveOne(tenant, take)) isMoving = true;
      }
    },
  };
}
