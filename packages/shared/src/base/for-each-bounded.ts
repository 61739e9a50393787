/**
 * Runs `act` for every item, `atOnce` at a time. An item that fails is given to `onError` and stops no other one; an item
 * that takes long delays only those that wait for its turn.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  atOnce: number,
  act: (item: T) => Promise<unknown>,
  onError: (error: unknown, item: T) => void,
): Promise<void> {
  const waiting = [...items].values();
  const take = async (): Promise<void> => {
    for (const item of waiting) {
      try {
        await act(item);
      } catch (error) {
        onError(error, item);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}
