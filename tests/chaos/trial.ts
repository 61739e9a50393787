import { Company, type Seat } from './company.ts';
import type { Fault, Scene } from './fault.ts';
import type { Stage } from './stage.ts';

/** How long one person's media stood still at another, in ms, and what of it never came. */
export interface Standstill {
  way: string;
  ms: number;
  lost: number;
}

export interface Outcome {
  id: string;
  seed: number;
  /** Empty where all was as it should be. */
  problems: string[];
  /** Of those whom the fault touches. */
  touched: Standstill[];
  /** Of a room that has nothing to do with it. */
  untouched: Standstill[];
  /** Connections that people of that room lost. */
  reconnects: number;
  /** From the fault until somebody was told of it: a move, or a lost connection. */
  noticedMs: number | undefined;
  leaks: string[];
  figures: Record<string, number>;
}

const touchedRoom = 'touched';
const untouchedRoom = 'untouched';
const seats: readonly Seat[] = [
  { name: 'Ada', room: touchedRoom, node: 0, gateway: 0, byFront: true },
  { name: 'Bob', room: touchedRoom, node: 1, gateway: 1 },
  { name: 'Eve', room: untouchedRoom, node: 1, gateway: 1 },
  { name: 'Fay', room: untouchedRoom, node: 2, gateway: 1 },
];
const recoverWithinMs = 20_000;

/** Does a fault once, to people in the middle of a call, and looks at what it did to them. */
export async function tryOnce(stage: Stage, fault: Fault, seed: number): Promise<Outcome> {
  const outcome: Outcome = {
    id: fault.id,
    seed,
    problems: [],
    touched: [],
    untouched: [],
    reconnects: 0,
    noticedMs: undefined,
    leaks: [],
    figures: {},
  };
  // Each run has rooms of its own: nothing of the one before is mistaken for this one's.
  const own = (room: string): string => `${room}-${fault.id}-${seed}`;
  const company = await Company.seat(
    stage,
    seats.map((seat) => ({ ...seat, room: own(seat.room) })),
  );
  try {
    await run(stage, company, fault, outcome);
  } catch (error) {
    outcome.problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await company.leave();
  }
  return outcome;
}

async function run(stage: Stage, company: Company, fault: Fault, outcome: Outcome): Promise<void> {
  const scene = sceneOf(stage, company, outcome);
  company.reset();
  const began = performance.now();
  const stopWatching = watch(scene, () => {
    outcome.noticedMs ??= performance.now() - began;
  });
  await fault.act(scene);
  await company.flows(fault.recoverWithinMs ?? recoverWithinMs);
  stopWatching();
  measure(company, fault, outcome);
  for (const wrong of await company.chat()) outcome.problems.push(wrong);
}

function sceneOf(stage: Stage, company: Company, outcome: Outcome): Scene {
  const [node, gateway] = [stage.nodes[0], stage.gateways[0]];
  if (!node || !gateway) throw new Error('A stage has nodes and gateways.');
  const random = generator(outcome.seed);
  return {
    stage,
    company,
    ada: company.get('Ada'),
    bob: company.get('Bob'),
    node,
    gateway,
    random,
    note: (name, value) => void (outcome.figures[name] = Math.round(value)),
    problem: (text) => void outcome.problems.push(text),
  };
}

/** Tells when a client learns of anything: its media has another place, or its connection is lost. */
function watch({ ada, bob }: Scene, onNotice: () => void): () => void {
  const { node } = ada.room;
  const timer = setInterval(() => ada.room.node !== node && onNotice(), 5);
  const offs = [ada, bob].map(({ room }) => room.on('reconnecting', onNotice));
  return () => {
    clearInterval(timer);
    offs.forEach((off) => off());
  };
}

function measure(company: Company, fault: Fault, outcome: Outcome): void {
  for (const { from, to, kind, reception } of company.ways()) {
    const ofUntouched = !fault.everybody && company.get(to).room.id.startsWith(untouchedRoom);
    const still = { way: `${from} → ${to}, ${kind}`, ms: Math.round(reception.longestGapMs), lost: reception.lost };
    (ofUntouched ? outcome.untouched : outcome.touched).push(still);
    if ((ofUntouched || !fault.touchesMedia) && still.lost > 0) {
      outcome.problems.push(`${still.lost} packets lost: ${still.way}`);
    }
  }
  if (fault.everybody) return;
  for (const name of ['Eve', 'Fay']) outcome.reconnects += company.get(name).downtimesMs.length;
}

/** The same numbers for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
