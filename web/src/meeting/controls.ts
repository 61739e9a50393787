import { byId, mediaDevices } from '../parts/dom.ts';
import type { LocalMedia } from './local-media.ts';
import { type Device, sentenceForDevice } from '../parts/sentences.ts';
import { toast } from '../parts/toast.ts';

export const devices: readonly Device[] = ['microphone', 'camera', 'screen'];

const verbs = {
  microphone: ['Unmute', 'Mute'],
  camera: ['Start camera', 'Stop camera'],
  screen: ['Share screen', 'Stop sharing'],
} as const satisfies Record<Device, readonly [string, string]>;

/** Switches a device and says in a sentence why it did not work, if it did not. */
export async function switchDevice(media: LocalMedia, device: Device): Promise<void> {
  const button = byId(device, HTMLButtonElement);
  // A second click while the browser asks would open the device twice.
  button.disabled = true;
  try {
    await media.toggle(device);
  } catch (error) {
    const sentence = sentenceForDevice(device, error);
    if (sentence) toast(sentence);
  } finally {
    button.disabled = false;
  }
}

/** Makes the buttons do, and say, what the devices are. */
export function connectControls(media: LocalMedia): void {
  for (const device of devices) {
    byId(device, HTMLButtonElement).onclick = () => void switchDevice(media, device);
  }
  byId('screen', HTMLButtonElement).hidden = !canShareScreen();
  showControls(media);
}

export function showControls(media: LocalMedia): void {
  for (const device of devices) {
    const on = media.isOn(device);
    const button = byId(device, HTMLButtonElement);
    const verb = verbs[device][on ? 1 : 0];
    button.ariaPressed = String(on);
    button.title = verb;
  }
}

/** Telephones cannot. */
function canShareScreen(): boolean {
  const available = mediaDevices();
  return available !== undefined && 'getDisplayMedia' in available;
}
