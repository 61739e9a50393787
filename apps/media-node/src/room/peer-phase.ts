import type { Position, Timer } from '@sluice/shared';

/** Why a peer has no session: its gateway said so, or its gateway is not heard any more and may come back. */
export type DetachCause = 'session' | 'gateway';

/** Whether a gateway speaks for the peer. The timers end its stay here unless it is attached again. */
export type Attachment =
  | { readonly state: 'attached' }
  | { readonly state: 'detached'; readonly cause: DetachCause; readonly timers: readonly Timer[] };

/**
 * Where a peer is in its life on this node. Each phase owns its timers, so that leaving the phase cancels them:
 *
 * entering → here → movedAway → closed, and from each of them straight to closed.
 */
export type PeerPhase =
  /** The directory has not taken it in yet. */
  | { readonly name: 'entering'; readonly attachment: Attachment }
  /** `enteredAt`: the position of the event that it entered with. */
  | { readonly name: 'here'; readonly enteredAt: Position; readonly attachment: Attachment }
  /** Another node owns the peer; its media here is kept until it is released, or until the timer. */
  | { readonly name: 'movedAway'; readonly enteredAt: Position; readonly abandoned: Timer }
  | { readonly name: 'closed' };

export const attached: Attachment = { state: 'attached' };

export function cancelTimers(phase: PeerPhase): void {
  if (phase.name === 'movedAway') phase.abandoned.cancel();
  else if (phase.name !== 'closed' && phase.attachment.state === 'detached') {
    for (const timer of phase.attachment.timers) timer.cancel();
  }
}
