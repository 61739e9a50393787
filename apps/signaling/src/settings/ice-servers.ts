import * as z from 'zod';

/** As browsers read it: `stun:host:port`, `turn:host:port?transport=tcp`, with an s behind the scheme for TLS. */
const address =
  /^(stuns?:(?!.*\?)|turns?:)(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:\d{1,5})?(\?transport=(udp|tcp))?$/i;

const url = z.string().max(512).regex(address, 'no address such as stun:host:port or turn:host:port?transport=tcp');

/** A browser throws for a TURN server without these, and then the client has no media at all. */
const hasCredentials = ({ urls, username, credential }: { urls: string[]; username?: string; credential?: string }) =>
  !urls.some((one) => /^turns?:/i.test(one)) || (username !== undefined && credential !== undefined);

/** What clients are told of STUN and TURN servers, as in `RTCConfiguration`. */
const iceServers = z
  .array(
    z
      .object({
        urls: z.preprocess((urls) => (typeof urls === 'string' ? [urls] : urls), z.array(url).min(1).max(16)),
        username: z.string().max(512).exactOptional(),
        credential: z.string().max(512).exactOptional(),
      })
      .refine(hasCredentials, 'a TURN server needs a username and a credential'),
  )
  .max(16);
export type IceServers = z.infer<typeof iceServers>;

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});

export const iceServersSetting = {
  env: 'ICE_SERVERS',
  schema: jsonText
    .pipe(iceServers)
    .optional()
    .transform((servers) => servers ?? []),
  about: 'JSON list of STUN and TURN servers that clients are told of',
  secret: true,
  print: (servers: IceServers) => servers.map(({ urls }) => urls),
} as const;
