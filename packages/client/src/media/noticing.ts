import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';
import { SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';

/** Passes requests on, and says which transport the server does not have (any more) when a refusal shows it. */
export class NoticingSignalling implements Signalling {
  readonly #signalling: Signalling;
  readonly #onGone: (transportId: string) => void;

  constructor(signalling: Signalling, onGone: (transportId: string) => void) {
    this.#signalling = signalling;
    this.#onGone = onGone;
  }

  async request<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs?: number): Promise<Replies[A]> {
    try {
      return await this.#signalling.request(action, fields, deadlineMs);
    } catch (error) {
      const { transportId } = fields as { transportId?: string };
      const isGone = error instanceof SluiceClientError && error.code === 'transportNotFound';
      if (isGone && transportId !== undefined) this.#onGone(transportId);
      throw error;
    }
  }
}
