const gap = 10;
const aspect = 16 / 9;
/** Smaller than this nobody recognizes anybody: then the grid scrolls. */
const leastWidth = 150;

/** Keeps the tiles of a container as large as they can be while all of them fit, whatever its size and their number. */
export function layOutTiles(container: HTMLElement): void {
  const update = (): void => {
    const { clientWidth, clientHeight, childElementCount } = container;
    if (childElementCount === 0 || clientWidth === 0) return;
    container.style.setProperty('--tile-width', `${tileWidth(clientWidth, clientHeight, childElementCount)}px`);
  };
  new ResizeObserver(update).observe(container);
  new MutationObserver(update).observe(container, { childList: true });
}

export function tileWidth(width: number, height: number, count: number): number {
  let best = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * aspect;
    best = Math.max(best, Math.min(byWidth, byHeight));
  }
  return Math.floor(Math.max(best, Math.min(leastWidth, width)));
}
