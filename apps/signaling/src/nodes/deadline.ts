import { type Clock, SluiceError } from '@sluice/shared';

/**
 * The work's result, or `deadlineExceeded` at the deadline, whichever comes first. The work itself goes on; what
 * becomes of it then is not looked at.
 */
export function withDeadline<T>(clock: Clock, deadline: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new SluiceError('deadlineExceeded', 'This took too long.'));
    const timer = clock.setTimer(late, Math.max(0, deadline - clock.now()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
