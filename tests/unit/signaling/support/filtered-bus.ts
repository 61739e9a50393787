import type { Bus, Subscription, Unsubscribe } from '@sluice/shared';

/** A bus on which a process may miss what it should have heard, or be handed it later. */
export class FilteredBus implements Bus {
  readonly #bus: Bus;
  /** False for a message that is lost on the way here. */
  hears: (channel: string, message: string) => boolean = () => true;
  readonly subscribed: string[] = [];
  #held: (() => void)[] | undefined;
  #holds: (channel: string) => boolean = () => false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  get connected(): boolean {
    return this.#bus.connected;
  }

  publish(channel: string, message: string): Promise<number | undefined> {
    return this.#bus.publish(channel, message);
  }

  async subscribe(channel: string, listener: (message: string) => void): Promise<Subscription> {
    this.subscribed.push(channel);
    const subscription = await this.#bus.subscribe(channel, (message) => {
      if (!this.hears(channel, message)) return;
      if (this.#held && this.#holds(channel)) this.#held.push(() => listener(message));
      else listener(message);
    });
    return {
      unsubscribe: async () => {
        this.subscribed.splice(this.subscribed.indexOf(channel), 1);
        await subscription.unsubscribe();
      },
    };
  }

  /** Keeps messages of the channels back until `letGo`. */
  hold(holds: (channel: string) => boolean): void {
    this.#held = [];
    this.#holds = holds;
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }

  onChange(listener: (connected: boolean) => void): Unsubscribe {
    return this.#bus.onChange(listener);
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
