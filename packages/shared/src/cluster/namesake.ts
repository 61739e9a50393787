import type { Member, Report } from './reports.ts';

/**
 * Two living processes of one name and kind, by a copied setting: two nodes would take each other's rooms away, since the
 * newer boot of a node follows its older one. Undefined where there is no other that was heard within `withinMs`; one
 * that was just replaced falls silent.
 */
export function namesakeFault(
  members: readonly Member[],
  own: Pick<Report, 'kind' | 'id' | 'boot'>,
  { now, withinMs }: { now: number; withinMs: number },
): string | undefined {
  const other = members.find(
    ({ report, heardAt }) =>
      report.kind === own.kind && report.id === own.id && report.boot !== own.boot && now - heardAt < withinMs,
  );
  const setting = own.kind === 'node' ? 'NODE_ID' : 'GATEWAY_ID';
  return other && `another ${own.kind} is called ${own.id} too: ${setting} must be different for each`;
}
