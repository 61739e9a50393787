import { buckets, Histogram, type MetricsRegistry } from '../base/metrics.ts';
import type { RegistryEvent } from './registry.ts';

/** Observes how long the losses that a registry tells of took to notice. */
export function createDetectionMetric(registry: MetricsRegistry): (event: RegistryEvent) => void {
  const detection = new Histogram({
    name: 'sfu_detection_duration_seconds',
    help: "From a process's last sign of life to its being judged dead, by what it was and by what showed it.",
    labelNames: ['role', 'means'],
    buckets: [...buckets.detection],
    registers: [registry],
  });
  return (event) => {
    if (event.type !== 'lost') return;
    detection.observe({ role: event.report.kind, means: event.means }, event.silentMs / 1000);
  };
}
