import type { types } from 'mediasoup-client';
import type { Direction, MediaPlace } from './media-place.ts';

/** More losses in a row are an outage, and handled as one. */
const attempts = 3;

/** Does something by a transport; where the server turns out to have closed that, again by the next one. */
export async function byTransport<T>(
  place: Pick<MediaPlace, 'transport' | 'dataTransport'>,
  way: { direction: Direction; data?: boolean },
  act: (transport: types.Transport) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const transport = await (way.data ? place.dataTransport(way.direction) : place.transport(way.direction));
    try {
      return await act(transport);
    } catch (error) {
      if (attempt === attempts || !transport.closed) throw error;
    }
  }
}
