import { setTimeout as wait } from 'node:timers/promises';

/**
 * Lets real time go by, for what a real server does after a while without being asked. A poll cannot replace it: the test
 * is that nothing has ended when the time is over.
 */
export const pass = (seconds: number): Promise<void> => wait(seconds * 1000);
