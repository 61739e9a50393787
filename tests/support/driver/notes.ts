/** What happened in a tab, and when: milliseconds since 1970, one clock for all tabs of a machine. */
export type Noted = { at: number } & Happening;

export type Happening =
  | { what: 'offered'; producerId: string; kind: string }
  | { what: 'subscribed'; producerId: string; kind: string }
  | { what: 'refused'; producerId: string; code: string }
  | { what: 'changed'; producerId: string; paused: boolean }
  | { what: 'layers'; producerId: string; layers: { spatialLayer: number; temporalLayer?: number } | null }
  | { what: 'ended'; producerId: string; kind: string; reason: string; trackState: string }
  | { what: 'left'; reason: string };

export const notes: Noted[] = [];

export function note(happening: Happening): void {
  notes.push({ at: performance.timeOrigin + performance.now(), ...happening });
}
