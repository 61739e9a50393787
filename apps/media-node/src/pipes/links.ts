import type { OpenPipeResult, OperationParams, OperationResults, ProducerId } from '@sluice/shared';
import { SingleFlight, SluiceError } from '@sluice/shared';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { LinkEndOptions, Taken } from './link-end.ts';
import { LinkEnd, StaleLink } from './link-end.ts';
import type { LinksOptions, LinkSource, Swept } from './links-options.ts';

/** Milliseconds for one exchange about a pipe: within it a consumer waits. */
const exchangeMs = 1500;
/**
 * How long video that was given waits to be asked for, in ms. Shorter wastes the key frame of a slow viewer; longer
 * costs one whose word was lost.
 */
const openAtLatestMs = 1000;
/** A stale pair is made anew; twice covers both sides having lost theirs. */
const attempts = 3;
/** The demand for a producer until the other end says more exactly. */
export const everyLayer = 7;
/** A list of what the asker carries may be this old when it is read: what was given since is left alone. */
const sweepAgeMs = 5000;

/**
 * The pairs of pipe transports of a slice: one for each pair of routers, whichever side asked first, carrying all their
 * producers both ways. Within a process and between nodes it is the same exchange; only the way the question travels
 * differs. The asker's end is there before it asks, so one round trip does it.
 */
export class Links {
  readonly #options: LinksOptions;
  readonly #ends = new SingleFlight<string, LinkEnd>();
  readonly #standing = new Set<LinkEnd>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  get ends(): ReadonlySet<LinkEnd> {
    return this.#standing;
  }

  /** Carries a producer into `router`. */
  async take(router: SliceRouter, source: LinkSource, producerId: ProducerId): Promise<{ end: LinkEnd; taken: Taken }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#takeOnce(router, source, producerId);
      } catch (error) {
        if (!(error instanceof StaleLink)) throw error;
        if (attempt === attempts) throw new SluiceError('nodeUnavailable', 'The pipe could not be made.');
      }
    }
  }

  /** The giver's part: sends a producer of one of our routers to the asker's. */
  async give(request: OperationParams<'openPipe'>, askerAddress: string | undefined): Promise<OpenPipeResult> {
    const router = this.#options.routerById(request.giverRouter);
    if (!router || router.closed) throw new SluiceError('producerNotFound', 'The router of this producer is gone.');
    const end = await this.#endFor(router, { router: request.askerRouter, address: askerAddress }, request.asker);
    end.pending++;
    try {
      await end.connect(request.asker);
      const answer = await end.give(
        request.producerId,
        this.#options.kindOf(request.producerId),
        this.#options.clock.now(),
      );
      // It may close by then; there is nothing to open any more.
      this.#options.clock.setTimer(() => void end.open(request.producerId).catch(() => undefined), openAtLatestMs);
      return { giver: end.describe(), ...answer } as OpenPipeResult;
    } catch (error) {
      if (error instanceof StaleLink) throw new SluiceError('nodeUnavailable', 'The pipe is being made anew.');
      throw new SluiceError('producerNotFound', 'This producer cannot be had here.', { cause: error });
    } finally {
      end.pending--;
      if (end.empty) end.close();
    }
  }

  /**
   * The asker's part: a consumer behind the pipe can receive now. Where that is lost, the giver opens it a moment
   * later.
   */
  open(end: LinkEnd, producerId: ProducerId): void {
    const far = [...this.#standing].find(({ id }) => id === end.farTransportId);
    const request = { ...this.#named(end), producerId, maxSpatialLayer: everyLayer };
    const opened =
      end.farAddress === undefined ? far?.open(producerId) : this.#call(end.farAddress, 'pipeDemand', request);
    opened?.catch(() => undefined);
  }

  /** The asker's part: lets carried producers go, and the pair too once nothing is left on it at either end. */
  async release(end: LinkEnd, producerIds: ProducerId[]): Promise<void> {
    for (const producerId of producerIds) end.taken.get(producerId)?.close();
    if (end.closed) return;
    const request = { ...this.#named(end), producerIds };
    const { linkClosed } =
      end.farAddress === undefined ? this.drop(request) : await this.#call(end.farAddress, 'closePipe', request);
    if (linkClosed && end.empty) end.close();
  }

  /** The giver's part of a release. */
  drop(request: OperationParams<'closePipe'>): { linkClosed: boolean } {
    const end = this.#endNamed(request);
    if (!end) return { linkClosed: true };
    for (const producerId of request.producerIds) end.given.get(producerId)?.close();
    if (end.empty) end.close();
    return { linkClosed: end.closed };
  }

  /** The giver's part of the sweep: whatever the asker doesn't carry any more is let go. */
  reconcile(request: OperationParams<'syncPipe'>): Omit<OperationResults['syncPipe'], 'sent'> {
    const end = this.#endNamed(request);
    if (!end) return { closed: 0, missing: request.producerIds, known: this.#isBeingMade(request) };
    if (end.pending > 0) return { closed: 0, missing: [], known: true };
    const wanted = new Set(request.producerIds);
    const before = this.#options.clock.now() - sweepAgeMs;
    const orphans = [...end.given].filter(
      ([producerId]) => !wanted.has(producerId) && (end.givenAt.get(producerId) ?? 0) < before,
    );
    for (const [, orphan] of orphans) orphan.close();
    const missing = request.producerIds.filter((producerId) => !end.given.has(producerId));
    if (end.empty) end.close();
    return { closed: orphans.length, missing, known: true };
  }

  /**
   * The asker's part of the sweep, for one pair between nodes: what the giver has lost is let go here. Both sides do
   * it: who only gives, learns whether the taking side is still there. Undefined while the pair is being used.
   */
  async sweep(end: LinkEnd): Promise<Swept | undefined> {
    if (end.farAddress === undefined || end.pending > 0 || end.farTransportId === undefined) return undefined;
    const producerIds = [...end.taken.keys()];
    const answer = await this.#call(end.farAddress, 'syncPipe', { ...this.#named(end), producerIds });
    if (end.pending > 0 || end.closed) return undefined;
    if (!answer.known || end.empty) end.close();
    else for (const producerId of answer.missing) end.taken.get(producerId as ProducerId)?.close();
    return { known: answer.known, lost: answer.missing.length, sent: answer.sent };
  }

  /** Lets a pair go that leads nowhere. The next consumer of what it carried makes a new one. */
  sever(end: LinkEnd): void {
    const told = this.#sayClosed(end, [...end.taken.keys()]);
    end.close();
    told.catch(() => undefined);
  }

  endNamed(request: { askerRouter: string; giverRouter: string; askerTransportId: string }): LinkEnd | undefined {
    return this.#endNamed(request);
  }

  closeTo(address: string): void {
    for (const end of [...this.#standing]) if (end.farAddress === address) end.close();
  }

  /** The slice goes: the other sides are told to send nothing more. */
  close(): void {
    for (const end of [...this.#standing]) this.sever(end);
  }

  async #sayClosed(end: LinkEnd, producerIds: ProducerId[]): Promise<void> {
    if (end.farAddress === undefined || end.farTransportId === undefined) return;
    await this.#call(end.farAddress, 'closePipe', { ...this.#named(end), producerIds });
  }

  async #takeOnce(router: SliceRouter, source: LinkSource, producerId: ProducerId) {
    const end = await this.#endFor(router, source);
    end.pending++;
    try {
      const request = {
        room: this.#options.room,
        askerRouter: router.id,
        giverRouter: source.router,
        askerAddress: this.#options.endpoint.inbox,
        asker: end.describe(),
        producerId,
      };
      const answer =
        source.address === undefined
          ? await this.give(request, undefined)
          : await this.#call(source.address, 'openPipe', request);
      return { end, taken: await this.#settle(end, producerId, answer) };
    } catch (error) {
      // It may have been given all the same: the giver is told to stop. Where that is lost, the sweep tells it.
      if (!(error instanceof StaleLink)) this.release(end, [producerId]).catch(() => undefined);
      throw error;
    } finally {
      end.pending--;
      if (end.empty) end.close();
    }
  }

  async #settle(end: LinkEnd, producerId: ProducerId, answer: OpenPipeResult): Promise<Taken> {
    try {
      await end.connect(answer.giver);
      return await end.take(producerId, answer);
    } catch (error) {
      if (error instanceof StaleLink) end.close();
      throw error;
    }
  }

  /** Our end of the pair. Given what the other end is now, an end that was made for an earlier one is replaced. */
  async #endFor(router: SliceRouter, far: LinkSource, farEnd?: { transportId: string }): Promise<LinkEnd> {
    const key = linkKey(router.id, far.router);
    const end = await this.#ends.get(key, () => this.#create(router, far, key));
    const stale = farEnd && end.farTransportId !== undefined && end.farTransportId !== farEnd.transportId;
    if (!end.closed && !stale) return end;
    end.close();
    return this.#ends.get(key, () => this.#create(router, far, key));
  }

  async #create(router: SliceRouter, far: LinkSource, key: string): Promise<LinkEnd> {
    const scope = far.address === undefined ? 'worker' : 'node';
    const end = await this.#createEnd({
      router,
      farRouter: far.router,
      farAddress: far.address,
      listen: this.#options.listen[scope],
      onClosed: (closed) => {
        this.#options.ports.freed();
        this.#standing.delete(closed);
        this.#ends.forget(key);
        if (closed.scope === 'worker') this.#closeTwin(closed);
      },
    });
    this.#standing.add(end);
    return end;
  }

  async #createEnd(options: LinkEndOptions): Promise<LinkEnd> {
    try {
      return await LinkEnd.create(options);
    } catch (error) {
      if (SluiceError.from(error).code === 'noCapacity') this.#options.ports.ranOut();
      throw error;
    }
  }

  /** Within a process no message tells the other end: when one goes, with its worker perhaps, so does the other. */
  #closeTwin(end: LinkEnd): void {
    for (const other of [...this.#standing]) if (other.id === end.farTransportId) other.close();
  }

  #endNamed(request: { askerRouter: string; giverRouter: string; askerTransportId: string }): LinkEnd | undefined {
    for (const end of this.#standing) {
      const same = end.router.id === request.giverRouter && end.farRouter === request.askerRouter;
      if (same && end.farTransportId === request.askerTransportId) return end;
    }
    return undefined;
  }

  /** Whether there is an end for it that doesn't know its other end yet: the answer about it is on its way. */
  #isBeingMade(request: { askerRouter: string; giverRouter: string }): boolean {
    for (const end of this.#standing) {
      const same = end.router.id === request.giverRouter && end.farRouter === request.askerRouter;
      if (same && (end.farTransportId === undefined || end.pending > 0)) return true;
    }
    return false;
  }

  #named(end: LinkEnd) {
    return {
      room: this.#options.room,
      askerRouter: end.router.id,
      giverRouter: end.farRouter,
      askerTransportId: end.id,
    };
  }

  #call<O extends 'openPipe' | 'closePipe' | 'syncPipe' | 'pipeDemand'>(
    address: string,
    operation: O,
    params: OperationParams<O>,
  ) {
    return this.#options.endpoint.call(address, operation, params, { ttlMs: exchangeMs });
  }
}

const linkKey = (router: string, farRouter: string) => `${router}|${farRouter}`;
