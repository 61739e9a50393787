import type { Tab } from './tab.ts';

/** What a page saw happen since `witness`. */
export interface Testimony {
  /** Names of those who were told as gone. */
  left: string[];
  /** The room's own end, which makes a page join again as somebody new. */
  ends: string[];
  /** Sentences that the page showed of the connection: banner, toast and what stands on tiles, each once. */
  told: string[];
}

declare global {
  interface Window {
    testimony?: Testimony;
  }
}

/** From here on, keeps what happens in this page's room and what the page says about it. */
export async function witness(tab: Tab): Promise<void> {
  await tab.evaluate(() => {
    const testimony: Testimony = { left: [], ends: [], told: [] };
    window.testimony = testimony;
    const room = window.sluice?.room;
    room?.on('peerLeft', ({ peer }) => testimony.left.push(peer.name ?? peer.peerId));
    room?.on('closed', ({ reason }) => testimony.ends.push(reason));
    const look = (): void => {
      for (const element of document.querySelectorAll('[role=status], [role=alert]')) {
        const text = element instanceof HTMLElement ? element.innerText.trim() : '';
        if (text && !testimony.told.includes(text)) testimony.told.push(text);
      }
    };
    setInterval(look, 50);
  }, undefined);
}

export async function testimonyOf(tab: Tab): Promise<Testimony> {
  const testimony = await tab.evaluate(() => window.testimony, undefined);
  if (!testimony) throw new Error('This page was not watched.');
  return testimony;
}
