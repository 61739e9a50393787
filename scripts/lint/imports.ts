// Who may import what, as overrides for oxlint. An override replaces a rule as a whole, so each one that is made here
// names everything that its files must not import: foreign libraries, foreign packages, and the rooms above their own.

import type { OxlintOverride } from 'oxlint';
import { ladders } from './ladder.ts';

interface Pattern {
  regex: string;
  message: string;
}

interface Library {
  /** Matches the import's name. */
  regex: string;
  /** The files that it is for, as a glob within a tree. */
  only: Readonly<Record<string, readonly string[]>>;
  message: string;
}

const libraries: readonly Library[] = [
  {
    regex: '^uWebSockets\\.js$',
    only: { 'apps/signaling/src': ['socket/socket-server.ts'] },
    message: "uWebSockets.js is imported in signaling's socket-server.ts alone.",
  },
  {
    regex: '^ioredis$',
    only: { 'packages/shared/src': ['**/redis-*.ts'] },
    message: "ioredis is imported in shared's redis-*.ts alone.",
  },
  {
    regex: '^mediasoup(/|$)',
    only: { 'apps/media-node/src': ['mediasoup/**', 'pipes/**'] },
    message: "mediasoup is imported in media-node's mediasoup/ and pipes/ alone.",
  },
];

/** The packages that a tree must not import. */
const foreign: Readonly<Record<string, Pattern>> = {
  'apps/signaling/src': {
    regex: '^@sluice/(media-node|local|client)(/|$)|/media-node/',
    message: 'A gateway speaks to nodes over the bus.',
  },
  'apps/media-node/src': {
    regex: '^@sluice/(signaling|local|client|web)(/|$)|/signaling/',
    message: 'A node knows nothing of sockets.',
  },
  'packages/shared/src': { regex: '^@sluice/|/apps/', message: 'The shared package imports none of its users.' },
  'packages/client/src': {
    regex: '^@sluice/shared$|^node:|/apps/',
    message: "The browser's SDK imports @sluice/shared/protocol, and nothing of the servers.",
  },
  'web/src': {
    regex: '^@sluice/shared(/|$)|^mediasoup-client$|^node:|/apps/',
    message: 'The pages are written on the SDK alone.',
  },
};

const trees = [...new Set([...Object.keys(foreign), ...Object.keys(ladders)])];

/** What the files of a tree must not import, wherever in it they are; `allowed` are libraries that they may. */
function outside(tree: string, allowed: readonly Library[]): Pattern[] {
  const own = foreign[tree];
  return [...libraries.filter((library) => !allowed.includes(library)), ...(own ? [own] : [])].map(
    ({ regex, message }) => ({ regex, message }),
  );
}

/** The rooms above the one at `index`, as relative imports from it reach them. */
function above(tree: string, index: number): Pattern[] {
  const ladder = ladders[tree] ?? [];
  const own = ladder[index];
  const up = own?.endsWith('.ts') ? '\\./' : '(\\.\\./)+';
  return ladder.slice(0, index).map((room) => ({
    regex: `^${up}${room.replaceAll('.', '\\.')}${room.endsWith('.ts') ? '$' : '/'}`,
    message: `${own} is below ${room} in ${tree} (scripts/lint/ladder.ts).`,
  }));
}

const override = (files: string[], patterns: Pattern[]): OxlintOverride => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const glob = (tree: string, room: string) => `${tree}/${room}${room.endsWith('.ts') ? '' : '/**'}`;

// A library's own places that lie in a room; a place that begins with two stars may lie in any.
function placesIn(tree: string, room: string, library: Library): string[] {
  return (library.only[tree] ?? [])
    .filter((place) => place.startsWith('**/') || place.startsWith(`${room}/`))
    .map((place) => (place.startsWith('**/') ? `${tree}/${room}/${place}` : `${tree}/${place}`));
}

function ofTree(tree: string) {
  const rooms = ladders[tree] ?? [];
  return [
    override([`${tree}/**`], outside(tree, [])),
    ...rooms.flatMap((room, index) => {
      const higher = above(tree, index);
      const exceptions = libraries.flatMap((library) => {
        const places = placesIn(tree, room, library);
        return places.length > 0 ? [override(places, [...outside(tree, [library]), ...higher])] : [];
      });
      return [override([glob(tree, room)], [...outside(tree, []), ...higher]), ...exceptions];
    }),
  ];
}

/** For all files first, then for each tree and room: the last one that fits a file counts. */
export const importOverrides = [override(['**/*.ts'], outside('', [])), ...trees.flatMap(ofTree)];
