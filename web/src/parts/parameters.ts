/** What the page is told by its address, so that a link can say everything and a test need not click. */
export interface PageParameters {
  room: string;
  name: string;
  /** `join=1`: without asking. Only on the page of a development cluster: a link must not switch a camera on. */
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
  /**
   * Gateways' WebSockets, with commas between them in the address; the page's own by default. Only a development
   * cluster's page may be sent to another host: a link must not choose who gets the camera.
   */
  servers: string[];
}

const defaultRoom = 'demo';
const defaultSize = { width: 1280, height: 720 };

export function readParameters(location: Location, { development }: { development: boolean }): PageParameters {
  const query = new URLSearchParams(location.search);
  const text = (name: string): string => query.get(name)?.trim() ?? '';
  return {
    room: text('room') || defaultRoom,
    name: text('name') || rememberedName(),
    join: development && flag(query, 'join', false),
    camera: flag(query, 'camera', true),
    microphone: flag(query, 'microphone', true),
    simulcast: flag(query, 'simulcast', true),
    size: parseSize(text('size')) ?? defaultSize,
    servers: serversOf(text('server'), location, development),
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

function serversOf(named: string, location: Location, development: boolean): string[] {
  const servers = named.split(',').filter((url) => isWebSocket(url) && (development || hostOf(url) === location.host));
  return servers.length > 0 ? servers : [ownServer(location)];
}

/** Beside the page, wherever that is: a proxy may serve both under a path of its own. */
function ownServer({ href }: Location): string {
  const address = new URL('./ws', href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = '';
  address.hash = '';
  return address.href;
}

const isWebSocket = (url: string): boolean => /^wss?:\/\//.test(url) && hostOf(url) !== undefined;

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
}
