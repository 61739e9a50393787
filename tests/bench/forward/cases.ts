import type { NativePublisher } from '../native/publisher.ts';
import type { NativeViewer } from '../native/viewer.ts';

export type CaseName = 'bareRouter' | 'bareRouterAgain' | 'sluiceRouter' | 'barePipe' | 'sluiceWorkers' | 'sluiceNodes';

export interface CaseKind {
  title: string;
  /** What it is measured against, and how much more it may cost. */
  beside?: { yardstick: CaseName; bar?: number };
}

/** The second bare server is the same as the first: what the two differ by is what this machine cannot tell apart. */
export const cases: Record<CaseName, CaseKind> = {
  bareRouter: { title: 'bare mediasoup, same router' },
  bareRouterAgain: { title: 'bare mediasoup, same router, again', beside: { yardstick: 'bareRouter' } },
  sluiceRouter: { title: 'Sluice, same router', beside: { yardstick: 'bareRouter', bar: 1.03 } },
  barePipe: { title: 'bare mediasoup, pipeToRouter' },
  sluiceWorkers: { title: 'Sluice, across workers', beside: { yardstick: 'barePipe', bar: 1.03 } },
  sluiceNodes: { title: 'Sluice, across nodes', beside: { yardstick: 'barePipe', bar: 1.05 } },
};

export const caseNames = Object.keys(cases) as CaseName[];

/** One publisher, its viewers, and the workers between them: the publisher's first, then the viewers'. */
export interface Case extends Disposable {
  name: CaseName;
  workers: number[];
  publisher: NativePublisher;
  viewers: NativeViewer[];
}
