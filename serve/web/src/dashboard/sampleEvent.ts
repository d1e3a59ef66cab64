import type { CloudEvent } from '../api/generated'
import { randomKey } from '../api/randomKey'

/** A CloudEvent to try things with. */
export function sampleEvent(now: Date): CloudEvent {
  return {
    specversion: '1.0',
    id: randomKey(),
    source: '/tidewire/web',
    type: 'com.example.greeting',
    time: now.toISOString(),
    data: { text: 'Hello' },
  }
}
