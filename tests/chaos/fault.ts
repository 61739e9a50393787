import type { Person } from '../support/native/person.ts';
import type { DirectoryReader } from './audit/directory-room.ts';
import type { Company } from './company.ts';
import type { Expected } from './newcomer.ts';
import type { Child, Stage, StageOptions } from './stage.ts';

/**
 * What a fault has to work with. Ada is on the first node by the first gateway, Bob on the second and Dan on the third by the
 * second. Beside them there are another call, on the second and third node by the second gateway, and a room of silent members.
 */
export interface Scene {
  stage: Stage;
  company: Company;
  ada: Person;
  bob: Person;
  /** Redis itself. */
  directory: DirectoryReader;
  /** Who should be in the room of Ada, Bob and Dan, and with how many producers. */
  expected(): Expected;
  /** The first node and the first gateway: the fault is done to them. */
  node: Child;
  gateway: Child;
  /** 0 to 1, from the run's seed. */
  random: () => number;
  /** A figure of this run beyond those that every run has, in ms unless its name says otherwise. */
  note(name: string, value: number): void;
  /** Something went wrong. */
  problem(text: string): void;
}

export interface Fault {
  /** Its number in the catalogue. */
  id: string;
  name: string;
  /** The fault, and the means by which it is done. */
  how: string;
  /** What people should notice of it. */
  expect: string;
  /** Media of those who are touched may stand still; otherwise not one of their packets may be lost either. */
  touchesMedia: boolean;
  /** The other room is touched too: no part of the cluster is left alone. */
  allTouched?: boolean;
  /** The longest that it may stand still, at p95, in ms. */
  barMs?: number;
  /** How often it is done for the report. */
  runs: number;
  /** Takes long, and measures nothing that a busy machine would spoil: other faults go on beside it. */
  aside?: boolean;
  /** How long the first run is watched after all is well again, in ms. Default 40,000. */
  observeMs?: number;
  /** A dozen run with the tests. */
  fast?: boolean;
  /** A cluster unlike the others'. */
  stage?: StageOptions;
  /** In ms, from the end of `act` on. Default 20,000. */
  recoverWithinMs?: number;
  act(scene: Scene): Promise<void>;
}
