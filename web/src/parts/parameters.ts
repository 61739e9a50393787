/** What the page is told by its address, so that a link can say everything and a test need not click. */
export interface PageParameters {
  room: string;
  name: string;
  /** `join=1`: without asking. */
  join: boolean;
  camera: boolean;
  microphone: boolean;
  simulcast: boolean;
  /** Pixels that the camera is asked for, as in `size=640x360`. */
  size: { width: number; height: number };
  /** A node by its id, where the cluster lets clients choose; this and the next two are empty where not given. */
  node: string;
  region: string;
  token: string;
  /** Gateways' WebSockets, with commas between them in the address; the page's own origin by default. */
  servers: string[];
}

const defaultRoom = 'demo';
const defaultSize = { width: 1280, height: 720 };

export function readParameters(location: Location): PageParameters {
  const query = new URLSearchParams(location.search);
  const text = (name: string): string => query.get(name)?.trim() ?? '';
  return {
    room: text('room') || defaultRoom,
    name: text('name') || rememberedName(),
    join: flag(query, 'join', false),
    camera: flag(query, 'camera', true),
    microphone: flag(query, 'microphone', true),
    simulcast: flag(query, 'simulcast', true),
    size: parseSize(text('size')) ?? defaultSize,
    servers: (text('server') || serverOf(location)).split(','),
    node: text('node'),
    region: text('region'),
    token: text('token'),
  };
}

/** Puts the room into the address, so that loading the page again comes back to it. */
export function showRoomInAddress(room: string): void {
  const address = new URL(location.href);
  address.searchParams.set('room', room);
  history.replaceState(null, '', address);
}

/** An address to invite others by: the room, and nothing of one's own name, token or devices. */
export function linkTo(room: string): string {
  const address = new URL(location.pathname, location.href);
  address.searchParams.set('room', room);
  return address.href;
}

export function rememberName(name: string): void {
  try {
    localStorage.setItem('sluice.name', name);
  } catch {
    // Storage may be forbidden; then the name is typed again.
  }
}

function rememberedName(): string {
  try {
    return localStorage.getItem('sluice.name') ?? '';
  } catch {
    return '';
  }
}

function flag(query: URLSearchParams, name: string, byDefault: boolean): boolean {
  const value = query.get(name);
  return value === null ? byDefault : value !== '0' && value !== 'false';
}

function parseSize(text: string): PageParameters['size'] | undefined {
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(text);
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined;
}

function serverOf({ protocol, host }: Location): string {
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`;
}
