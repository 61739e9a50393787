import type { Bus } from '../src/bus/bus.ts';
import type { Directory, DirectoryLimits } from '../src/directory/directory.ts';

/** One process's bus and directory. */
export interface Member extends AsyncDisposable {
  bus: Bus;
  directory: Directory;
}

/** What a contract suite runs on: one hub or one Redis, which any number of processes share. */
export interface Rig extends AsyncDisposable {
  /** A process of its own, connected. */
  open(limits?: Partial<DirectoryLimits>): Promise<Member>;
  /** Takes what is shared away, and brings it back; what it held may be gone then. */
  outage: { begin(): Promise<void>; end(): Promise<void> };
  /** Whether `publish` says how many heard. */
  counts: boolean;
}

let rooms = 0;

/** A room that no other test uses: suites share one rig. */
export const freshRoomName = (): string => `room-${++rooms}`;
