import type { Directory } from '@sluice/shared';

/** The directory with some of its calls replaced. */
export function wrapped(directory: Directory, replaced: (real: Directory) => Partial<Directory>): Directory {
  const stand = replaced(directory);
  return new Proxy(directory, {
    get(target, key) {
      const value: unknown = Reflect.get(Object.hasOwn(stand, key) ? stand : target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
