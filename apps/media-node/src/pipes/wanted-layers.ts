/** What is wanted of one producer: the layer of each of its users. The highest is known without looking at all of them. */
export class WantedLayers {
  readonly #byUser = new Map<string, number>();
  /** How many want each layer; the first place is for those that want nothing. */
  readonly #counts: number[] = [];

  /** The highest layer that any user wants; −1 where none wants anything. */
  get highest(): number {
    for (let at = this.#counts.length - 1; at > 0; at--) if ((this.#counts[at] ?? 0) > 0) return at - 1;
    return -1;
  }

  /** @param layer −1 for nothing. */
  set(user: string, layer: number): void {
    this.delete(user);
    this.#byUser.set(user, layer);
    this.#count(layer, 1);
  }

  /** False where it was no user. */
  delete(user: string): boolean {
    const layer = this.#byUser.get(user);
    if (layer === undefined) return false;
    this.#byUser.delete(user);
    this.#count(layer, -1);
    return true;
  }

  #count(layer: number, by: number): void {
    this.#counts[layer + 1] = (this.#counts[layer + 1] ?? 0) + by;
  }
}
