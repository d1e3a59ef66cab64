const NAME = 'tidewire-session'

/** The cookie is shared by all tabs: when it changes hands, the others must not go on as somebody else. */
export function announceSession(): void {
  const channel = new BroadcastChannel(NAME)
  channel.postMessage('changed')
  channel.close()
}

/** Calls back when another tab signed in or out; the result ends it. */
export function onSessionElsewhere(changed: () => void): () => void {
  const channel = new BroadcastChannel(NAME)
  channel.onmessage = changed
  return () => channel.close()
}
