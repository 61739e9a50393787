import type { NodeId } from '@sluice/shared';

/** How many peers are on their way to each node: placement counts such a node as one that the room is on. */
export class Entering {
  readonly #counts = new Map<NodeId, number>();

  nodes(): Iterable<NodeId> {
    return this.#counts.keys();
  }

  /** Counts one until the returned function is called, which may be called once. */
  add(node: NodeId): () => void {
    this.#counts.set(node, (this.#counts.get(node) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(node) ?? 1) - 1;
      if (left === 0) this.#counts.delete(node);
      else this.#counts.set(node, left);
    };
  }
}
