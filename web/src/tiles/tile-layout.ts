const gap = 10;
/** Smaller than this, faces can't be recognized: then the grid scrolls. */
const leastWidth = 150;
export const widest = 16 / 9;
/** A camera's sides may be cut off to fill the page: by a quarter on a desk, by half on a telephone held upright. */
const narrowestOnDesk = 4 / 3;
export const narrowestUpright = 4 / 5;

export interface Size {
  width: number;
  height: number;
}

export interface LayoutOptions {
  /** Nothing may be cut off: a screen's corners hold its clock and its close button. */
  whole?: boolean;
}

/** Keeps the tiles of a container as large as they can be while all of them fit, whatever its size and their number. */
export function layOutTiles(container: HTMLElement, { whole = false }: LayoutOptions = {}): void {
  const update = (): void => {
    const { width, height } = container.getBoundingClientRect();
    if (container.childElementCount === 0 || width === 0) return;
    const narrowest = whole
      ? widest
      : matchMedia('(orientation: portrait)').matches
        ? narrowestUpright
        : narrowestOnDesk;
    // Whole pixels: half of one too many, and a row takes a tile less.
    const space = { width: Math.floor(width), height: Math.floor(height) };
    const tile = tileSize(space, container.childElementCount, narrowest);
    container.classList.toggle('scrolls', !tile.fits);
    container.style.setProperty('--tile-width', `${tile.width}px`);
    container.style.setProperty('--tile-height', `${tile.height}px`);
  };
  new ResizeObserver(update).observe(container);
  new MutationObserver(update).observe(container, { childList: true });
}

/**
 * The size that `count` tiles may have in a space, in whole pixels, no narrower than `narrowest`, width to height. They do
 * not fit where they would be too small.
 */
export function tileSize(space: Size, count: number, narrowest: number = narrowestOnDesk): Size & { fits: boolean } {
  let best: Size = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const size = shaped(cell(space, columns, Math.ceil(count / columns)), narrowest);
    if (size.width * size.height > best.width * best.height) best = size;
  }
  const fits = best.width >= leastWidth;
  if (!fits) best = { width: leastWidth, height: leastWidth / widest };
  return { width: Math.floor(best.width), height: Math.floor(best.height), fits };
}

function cell({ width, height }: Size, columns: number, rows: number): Size {
  return { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
}

/** The largest size within a cell that is neither narrower nor wider than it may be. */
function shaped({ width, height }: Size, narrowest: number): Size {
  return { width: Math.min(width, height * widest), height: Math.min(height, width / narrowest) };
}
