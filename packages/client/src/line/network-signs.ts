export interface NetworkSignsOptions {
  /** There is no network at all. */
  onOffline: () => void;
  /** There is a network again, or another one, or the page was frozen: what stood may be dead. */
  onChanged: () => void;
}

type Globals = Partial<Pick<typeof globalThis, 'addEventListener' | 'document' | 'navigator'>>;

/** Listens to what a browser says of the network and of the page's sleep. Other runtimes say nothing. */
export function listenToNetwork({ onOffline, onChanged }: NetworkSignsOptions): () => void {
  const { addEventListener, document, navigator } = globalThis as Globals;
  const over = new AbortController();
  const { signal } = over;
  addEventListener?.('offline', onOffline, { signal });
  addEventListener?.('online', onChanged, { signal });
  // Chromium alone says that the network is another one, and that a frozen page goes on.
  const { connection } = (navigator ?? {}) as { connection?: EventTarget };
  connection?.addEventListener('change', onChanged, { signal });
  document?.addEventListener('resume', onChanged, { signal });
  return () => over.abort();
}
