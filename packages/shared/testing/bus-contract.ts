import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, within } from './eventually.ts';
import { freshRoomName, type Member, type Rig } from './rig.ts';

const expectedWithinMs = 5000;
/** A call that waits for the bus takes seconds. One that is refused at once takes as long as a busy machine needs. */
const refusedWithinMs = 1000;

/** What every bus promises, [BU] in SPEC.md. */
export function busContract(name: string, makeRig: () => Promise<Rig>): void {
  describe(`bus: ${name}`, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await makeRig();
    });
    afterAll(() => rig[Symbol.asyncDispose]());

    /** The true count where the bus has one. */
    const heardBy = (count: number): number | undefined => (rig.counts ? count : undefined);
    const freshChannel = (): string => `test:${freshRoomName()}`;

    /** Hears a channel into an array. */
    async function hear(member: Member, channel: string) {
      const messages: string[] = [];
      const subscription = await member.bus.subscribe(channel, (message) => messages.push(message));
      return { messages, subscription };
    }

    async function arrive(messages: readonly string[], count: number): Promise<void> {
      await eventually(`${count} messages`, () => messages.length >= count, { withinMs: expectedWithinMs });
    }

    test('[BU1] a message reaches every process that hears the channel, and no other channel', async () => {
      await using a = await rig.open();
      await using b = await rig.open();
      const [channel, other] = [freshChannel(), freshChannel()];
      const [atA, atB, elsewhere] = [await hear(a, channel), await hear(b, channel), await hear(b, other)];
      expect(await a.bus.publish(channel, 'hello')).toBe(heardBy(2));
      await arrive(atA.messages, 1);
      await arrive(atB.messages, 1);
      await b.bus.publish(other, 'end');
      await arrive(elsewhere.messages, 1);
      expect([atA.messages, atB.messages, elsewhere.messages]).toEqual([['hello'], ['hello'], ['end']]);
    });

    test("[BU2] one publisher's messages on a channel keep their order", async () => {
      await using a = await rig.open();
      await using b = await rig.open();
      const channel = freshChannel();
      const { messages } = await hear(b, channel);
      const sent = Array.from({ length: 500 }, (_, index) => String(index));
      await Promise.all(sent.map((message) => a.bus.publish(channel, message)));
      await arrive(messages, sent.length);
      expect(messages).toEqual(sent);
    });

    test('[BU3] publishing says how many processes heard, whatever listeners each has', async () => {
      await using a = await rig.open();
      await using b = await rig.open();
      const channel = freshChannel();
      expect(await a.bus.publish(channel, 'nobody')).toBe(heardBy(0));
      const first = await hear(b, channel);
      const second = await hear(b, channel);
      expect(await a.bus.publish(channel, 'both')).toBe(heardBy(1));
      await arrive(first.messages, 1);
      await arrive(second.messages, 1);
      await first.subscription.unsubscribe();
      await second.subscription.unsubscribe();
      expect(await a.bus.publish(channel, 'nobody again')).toBe(heardBy(0));
      expect([first.messages, second.messages]).toEqual([['both'], ['both']]);
    });

    test('[BU4] nothing is delivered within the call that publishes or subscribes', async () => {
      await using a = await rig.open();
      const channel = freshChannel();
      let publishing = false;
      const deliveredWithin: boolean[] = [];
      await a.bus.subscribe(channel, () => deliveredWithin.push(publishing));
      publishing = true;
      const published = a.bus.publish(channel, 'later');
      publishing = false;
      await published;
      await eventually('the message', () => deliveredWithin.length === 1);
      expect(deliveredWithin).toEqual([false]);
    });

    test('[BU5] listeners of one channel leave one by one', async () => {
      await using a = await rig.open();
      const channel = freshChannel();
      const [leaving, staying] = [await hear(a, channel), await hear(a, channel)];
      await leaving.subscription.unsubscribe();
      await leaving.subscription.unsubscribe();
      await a.bus.publish(channel, 'after');
      await arrive(staying.messages, 1);
      expect([leaving.messages, staying.messages]).toEqual([[], ['after']]);
    });

    test('[BU5] a channel left and taken again at once is heard', async () => {
      await using a = await rig.open();
      const channel = freshChannel();
      const first = await hear(a, channel);
      const left = first.subscription.unsubscribe();
      const second = await hear(a, channel);
      await left;
      await a.bus.publish(channel, 'still');
      await arrive(second.messages, 1);
      expect([first.messages, second.messages]).toEqual([[], ['still']]);
    });

    test('[BU5] channels are taken one after another, each as soon as the one before is heard', async () => {
      await using a = await rig.open();
      const heard: string[] = [];
      const names = Array.from({ length: 100 }, freshChannel);
      for (const channel of names)
        await within(
          2000,
          channel,
          a.bus.subscribe(channel, () => heard.push(channel)),
        );
      for (const channel of names) await a.bus.publish(channel, 'hello');
      await arrive(heard, names.length);
      expect(heard.toSorted()).toEqual(names.toSorted());
    });

    test('[BU6] a listener that throws keeps nobody from hearing, now or later', async () => {
      await using a = await rig.open();
      const channel = freshChannel();
      await a.bus.subscribe(channel, () => {
        throw new Error('This listener is broken.');
      });
      const { messages } = await hear(a, channel);
      await a.bus.publish(channel, 'one');
      await a.bus.publish(channel, 'two');
      await arrive(messages, 2);
      expect(messages).toEqual(['one', 'two']);
    });

    test('[BU7] [BU8] [BU9] an outage: refused at once, then everything is made good without being asked', async () => {
      await using a = await rig.open();
      await using b = await rig.open();
      const [before, during] = [freshChannel(), freshChannel()];
      const { messages } = await hear(b, before);
      const changes: boolean[] = [];
      b.bus.onChange((connected) => changes.push(connected));

      await rig.outage.begin();
      await eventually('the loss to be noticed', () => !a.bus.connected && !b.bus.connected);
      const refused = a.bus.publish(before, 'lost');
      await expect(within(refusedWithinMs, 'the refusal', refused)).rejects.toMatchObject({
        code: 'coordinatorUnavailable',
      });
      const declared = hear(b, during);

      await rig.outage.end();
      const { messages: later } = await within(20_000, 'the subscription that was declared meanwhile', declared);
      await eventually('both to be connected', () => a.bus.connected && b.bus.connected, { withinMs: 20_000 });
      expect(changes).toEqual([false, true]);
      expect(await a.bus.publish(before, 'back')).toBe(heardBy(1));
      expect(await a.bus.publish(during, 'new')).toBe(heardBy(1));
      await arrive(messages, 1);
      await arrive(later, 1);
      expect([messages, later]).toEqual([['back'], ['new']]);
    }, 60_000);

    test('[BU10] a megabyte arrives whole, and so does any text', async () => {
      await using a = await rig.open();
      const channel = freshChannel();
      const { messages } = await hear(a, channel);
      const texts = ['x'.repeat(1_000_000), '', '\u0000\n"\\', 'ünïcödé 🎥 日本'];
      for (const text of texts) await a.bus.publish(channel, text);
      await arrive(messages, texts.length);
      expect(messages).toEqual(texts);
    });

    test('[BU11] a closed bus neither publishes nor hears', async () => {
      await using a = await rig.open();
      const b = await rig.open();
      const channel = freshChannel();
      const { messages } = await hear(b, channel);
      await b.bus.close();
      await b.bus.close();
      expect(b.bus.connected).toBe(false);
      await expect(b.bus.publish(channel, 'x')).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
      await expect(b.bus.subscribe(channel, () => undefined)).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
      await eventually('nobody to hear', async () => (await a.bus.publish(channel, 'gone')) === heardBy(0));
      await b[Symbol.asyncDispose]();
      expect(messages).toEqual([]);
    });
  });
}
