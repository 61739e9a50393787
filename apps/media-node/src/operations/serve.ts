import { nodeOperations, type ServedOperation } from '@sluice/shared';
import { operations } from './index.ts';
import type { Services } from './services.ts';

/** Every operation with the schema that its parameters must keep, as the bus serves them. */
export function servedBy(node: Services): Record<string, ServedOperation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, run]) => {
      const { [name as keyof typeof nodeOperations]: params } = nodeOperations;
      const served: ServedOperation = { params, run: (given, context) => run(node, given, context) };
      return [name, served];
    }),
  );
}
